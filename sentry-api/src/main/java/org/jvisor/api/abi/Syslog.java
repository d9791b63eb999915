// SPDX-License-Identifier: Apache-2.0
package org.jvisor.api.abi;

/** Types of syslog(2). */
public final class Syslog {
    // Types
    public static final int SYSLOG_ACTION_CLOSE = 0;
    public static final int SYSLOG_ACTION_OPEN = 1;
    public static final int SYSLOG_ACTION_READ = 2;
    public static final int SYSLOG_ACTION_READ_ALL = 3;
    public static final int SYSLOG_ACTION_READ_CLEAR = 4;
    public static final int SYSLOG_ACTION_CLEAR = 5;
    public static final int SYSLOG_ACTION_CONSOLE_OFF = 6;
    public static final int SYSLOG_ACTION_CONSOLE_ON = 7;
    public static final int SYSLOG_ACTION_CONSOLE_LEVEL = 8;
    public static final int SYSLOG_ACTION_SIZE_UNREAD = 9;
    public static final int SYSLOG_ACTION_SIZE_BUFFER = 10;

    private Syslog() {
    }
}
