// SPDX-License-Identifier: Apache-2.0
package org.jvisor.api.platform;

/** The addresses that application code can use: the same on every platform, so that a program's memory fits any of them. */
public final class UserSpace {

    /** The host's own limit: 47 bits without the last page. */
    public static final long TOP = 0x7fff_ffff_f000L;

    /** First address above what applications can use. Between here and {@link #TOP} a platform has its stubs and trampolines. */
    public static final long END = 0x7fff_ffe0_0000L;

    private UserSpace() {}
}
