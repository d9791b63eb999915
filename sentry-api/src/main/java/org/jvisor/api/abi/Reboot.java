// SPDX-License-Identifier: Apache-2.0
package org.jvisor.api.abi;

/** Numbers of reboot(2). */
public final class Reboot {
    // Magic numbers
    public static final int LINUX_REBOOT_MAGIC1 = 0xfee1dead;
    public static final int LINUX_REBOOT_MAGIC2 = 0x28121969;
    public static final int LINUX_REBOOT_MAGIC2A = 0x5121996;
    public static final int LINUX_REBOOT_MAGIC2B = 0x16041998;
    public static final int LINUX_REBOOT_MAGIC2C = 0x20112000;

    // Commands
    public static final int LINUX_REBOOT_CMD_RESTART = 0x1234567;
    public static final int LINUX_REBOOT_CMD_HALT = 0xcdef0123;
    public static final int LINUX_REBOOT_CMD_CAD_ON = 0x89abcdef;
    public static final int LINUX_REBOOT_CMD_CAD_OFF = 0x0;
    public static final int LINUX_REBOOT_CMD_POWER_OFF = 0x4321fedc;
    public static final int LINUX_REBOOT_CMD_RESTART2 = 0xa1b2c3d4;
    public static final int LINUX_REBOOT_CMD_SW_SUSPEND = 0xd000fce2;
    public static final int LINUX_REBOOT_CMD_KEXEC = 0x45584543;

    private Reboot() {
    }
}
