// SPDX-License-Identifier: Apache-2.0
package org.jvisor.api.kernel;

/** Host and domain name (uname(2)). Any thread. */
public final class UtsNamespace {

    private volatile String hostname;
    private volatile String domainname;

    public UtsNamespace(String hostname, String domainname) {
        this.hostname = hostname;
        this.domainname = domainname;
    }

    public String hostname() {
        return hostname;
    }

    public void setHostname(String name) {
        hostname = name;
    }

    public String domainname() {
        return domainname;
    }

    public void setDomainname(String name) {
        domainname = name;
    }

    public UtsNamespace copy() {
        return new UtsNamespace(hostname, domainname);
    }
}
