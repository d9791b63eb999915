// SPDX-License-Identifier: Apache-2.0
package org.jvisor.net.local;

import java.util.Arrays;
import org.jvisor.api.abi.Errno;
import org.jvisor.api.abi.ErrnoException;
import org.jvisor.api.abi.SockaddrIn6Layout;
import org.jvisor.api.abi.SockaddrInLayout;
import org.jvisor.api.abi.Socket;
import org.jvisor.api.state.StateRecord;

/**
 * An address and a port of AF_INET or AF_INET6. IPv4 addresses are kept in their IPv6-mapped form (ipv6(7)), so that sockets of
 * both families find each other.
 */
record Endpoint(byte[] address, int port) {

    static final byte[] ANY6 = new byte[16];
    static final byte[] ANY4 = mapped(0);
    private static final byte[] LOOPBACK6 = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1};
    private static final byte[] LOOPBACK4 = mapped(0x7f000001);

    private static byte[] mapped(int ipv4) {
        byte[] b = new byte[16];
        b[10] = (byte) 0xff;
        b[11] = (byte) 0xff;
        for (int i = 0; i < 4; i++) {
            b[12 + i] = (byte) (ipv4 >>> 24 - 8 * i);
        }
        return b;
    }

    /** What bind(2) was given: of AF_INET also AF_UNSPEC, if the address is 0.0.0.0, as in Linux for the sake of old programs. */
    static Endpoint parseOwn(int domain, byte[] b, int length) {
        boolean unspecified = domain == Socket.AF_INET && length >= SockaddrInLayout.SIZE
                && SockaddrInLayout.family(b, 0) == Socket.AF_UNSPEC && SockaddrInLayout.addr(b, 0) == 0;
        return unspecified ? new Endpoint(ANY4, SockaddrInLayout.port(b, 0)) : parse(domain, b, length);
    }

    /** What a socket of {@code domain} was given: EINVAL for one too short, EAFNOSUPPORT for another family's. */
    static Endpoint parse(int domain, byte[] b, int length) {
        if (domain == Socket.AF_INET) {
            if (length < SockaddrInLayout.SIZE) {
                throw ErrnoException.of(Errno.EINVAL);
            }
            if (SockaddrInLayout.family(b, 0) != Socket.AF_INET) {
                throw ErrnoException.of(Errno.EAFNOSUPPORT);
            }
            return new Endpoint(mapped(SockaddrInLayout.addr(b, 0)), SockaddrInLayout.port(b, 0));
        }
        if (length < SockaddrIn6Layout.SIZE - 4) {
            throw ErrnoException.of(Errno.EINVAL);
        }
        if (SockaddrIn6Layout.family(b, 0) != Socket.AF_INET6) {
            throw ErrnoException.of(Errno.EAFNOSUPPORT);
        }
        return new Endpoint(Arrays.copyOfRange(b, SockaddrIn6Layout.ADDR, SockaddrIn6Layout.ADDR + 16),
                SockaddrIn6Layout.port(b, 0));
    }

    /** Writes it as a struct sockaddr of {@code domain}; its length. */
    int write(int domain, byte[] b) {
        if (domain == Socket.AF_INET) {
            Arrays.fill(b, 0, SockaddrInLayout.SIZE, (byte) 0);
            SockaddrInLayout.family(b, 0, Socket.AF_INET);
            SockaddrInLayout.port(b, 0, port);
            System.arraycopy(address, 12, b, SockaddrInLayout.ADDR, 4);
            return SockaddrInLayout.SIZE;
        }
        Arrays.fill(b, 0, SockaddrIn6Layout.SIZE, (byte) 0);
        SockaddrIn6Layout.family(b, 0, Socket.AF_INET6);
        SockaddrIn6Layout.port(b, 0, port);
        System.arraycopy(address, 0, b, SockaddrIn6Layout.ADDR, 16);
        return SockaddrIn6Layout.SIZE;
    }

    /** A struct sockaddr of {@code domain}. */
    byte[] toBytes(int domain) {
        byte[] b = new byte[domain == Socket.AF_INET ? SockaddrInLayout.SIZE : SockaddrIn6Layout.SIZE];
        write(domain, b);
        return b;
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof Endpoint endpoint && port == endpoint.port && sameAddress(endpoint);
    }

    @Override
    public int hashCode() {
        return 31 * Arrays.hashCode(address) + port;
    }

    /** Nothing for null. */
    static void save(Endpoint endpoint, StateRecord record, String name) {
        if (endpoint != null) {
            record.put(name, endpoint.address).put(name + "Port", endpoint.port);
        }
    }

    /** Null when there is none. */
    static Endpoint adopt(StateRecord record, String name) {
        byte[] address = record.getBytes(name);
        if (address != null && address.length != 16) {
            throw record.refuse(name, "no address of 16 bytes");
        }
        return address == null ? null : new Endpoint(address, record.requireInt(name + "Port"));
    }

    static Endpoint any(int domain) {
        return new Endpoint(domain == Socket.AF_INET ? ANY4 : ANY6, 0);
    }

    boolean isIpv4() {
        return Arrays.equals(address, 0, 12, ANY4, 0, 12);
    }

    boolean isAny() {
        return Arrays.equals(address, ANY6) || Arrays.equals(address, ANY4);
    }

    /** Whether it is an address of the loopback interface: 127.0.0.0/8 or ::1. */
    boolean isLoopback() {
        return isIpv4() ? address[12] == 127 : Arrays.equals(address, LOOPBACK6);
    }

    /** Where a connection to this really goes: connecting to "any" means the loopback. */
    Endpoint target() {
        return isAny() ? new Endpoint(isIpv4() ? LOOPBACK4 : LOOPBACK6, port) : this;
    }

    Endpoint withPort(int other) {
        return new Endpoint(address, other);
    }

    boolean sameAddress(Endpoint other) {
        return Arrays.equals(address, other.address);
    }
}
