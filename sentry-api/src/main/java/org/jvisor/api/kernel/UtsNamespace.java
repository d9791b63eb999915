// SPDX-License-Identifier: Apache-2.0
package org.jvisor.api.kernel;

import org.jvisor.api.state.Restorable;
import org.jvisor.api.state.StateRecord;

/** Host and domain name (uname(2)). Any thread. */
public final class UtsNamespace implements Restorable {

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

    // ---- Restorable

    @Override
    public StateRecord save() {
        return new StateRecord("uts namespace", 1).put("hostname", hostname).put("domainname", domainname);
    }

    @Override
    public void forget() {
        hostname = null;
        domainname = null;
    }

    @Override
    public void restore(StateRecord record) {
        hostname = record.getString("hostname", null);
        domainname = record.getString("domainname", null);
    }
}
