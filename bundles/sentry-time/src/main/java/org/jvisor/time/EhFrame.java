// SPDX-License-Identifier: Apache-2.0
package org.jvisor.time;

import static org.jvisor.api.abi.Bytes.putByte;
import static org.jvisor.api.abi.Bytes.putInt;

/**
 * Unwinding information for code that never moves the stack pointer (Linux Standard Base, "Exception Frames"; DWARF 4, 6.4): one
 * entry for all of the text, so that backtraces and profilers get through the vDSO.
 */
final class EhFrame {
    static final int HEADER_SIZE = 20;
    private static final int CIE_SIZE = 24;
    private static final int FDE_SIZE = 24;
    /** With the zero that ends the section. */
    static final int SIZE = CIE_SIZE + FDE_SIZE + 4;

    private static final int DW_EH_PE_SDATA4 = 0x0b;
    private static final int DW_EH_PE_UDATA4 = 0x03;
    private static final int DW_EH_PE_PCREL = 0x10;
    private static final int DW_EH_PE_DATAREL = 0x30;
    private static final int DW_CFA_DEF_CFA = 0x0c;
    private static final int DW_CFA_OFFSET = 0x80;
    private static final int RSP = 7;
    private static final int RETURN_ADDRESS = 16;

    private EhFrame() {
    }

    /** A table of one entry: all the code, and where its FDE is. Addresses count from the header. */
    static byte[] header(int headerAddress, int framesAddress, int textAddress) {
        byte[] b = new byte[HEADER_SIZE];
        putByte(b, 0, 1);
        putByte(b, 1, DW_EH_PE_PCREL | DW_EH_PE_SDATA4);
        putByte(b, 2, DW_EH_PE_UDATA4);
        putByte(b, 3, DW_EH_PE_DATAREL | DW_EH_PE_SDATA4);
        putInt(b, 4, framesAddress - (headerAddress + 4));
        putInt(b, 8, 1);
        putInt(b, 12, textAddress - headerAddress);
        putInt(b, 16, framesAddress + CIE_SIZE - headerAddress);
        return b;
    }

    static byte[] frames(int framesAddress, int textAddress, int textLength) {
        byte[] b = new byte[SIZE];
        putInt(b, 0, CIE_SIZE - 4);
        putByte(b, 8, 1); // version, after the CIE's id of 0
        putByte(b, 9, 'z');
        putByte(b, 10, 'R');
        putByte(b, 12, 1); // code alignment
        putByte(b, 13, -8 & 0x7f); // data alignment
        putByte(b, 14, RETURN_ADDRESS);
        putByte(b, 15, 1); // bytes of augmentation
        putByte(b, 16, DW_EH_PE_PCREL | DW_EH_PE_SDATA4);
        putByte(b, 17, DW_CFA_DEF_CFA); // the caller's stack pointer is RSP + 8 …
        putByte(b, 18, RSP);
        putByte(b, 19, 8);
        putByte(b, 20, DW_CFA_OFFSET | RETURN_ADDRESS); // … and the return address below it
        putByte(b, 21, 1);
        int fde = CIE_SIZE;
        putInt(b, fde, FDE_SIZE - 4);
        putInt(b, fde + 4, fde + 4);
        putInt(b, fde + 8, textAddress - (framesAddress + fde + 8));
        putInt(b, fde + 12, textLength);
        return b;
    }
}
