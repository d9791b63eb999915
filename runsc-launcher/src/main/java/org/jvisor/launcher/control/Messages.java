// SPDX-License-Identifier: Apache-2.0
package org.jvisor.launcher.control;

/** The types of the frames of a {@link ControlSocket}. Bodies are written by {@link BodyWriter}. */
public final class Messages {
    // runsc to the Sentry
    /** {@link BootOptions}; always the first. */
    public static final int BOOT = 1;
    /** A container to create and start: {@link SpecCodec}. In a running sandbox answered by STARTED, and by EXITED at its end. */
    public static final int CREATE = 2;
    /**
     * A container's id, empty for the root container's; a signal; a target as Container.signal has it. With a number of a request it is
     * answered by an empty DONE, once the signal is sent.
     */
    public static final int SIGNAL = 3;
    /** A container's id as above, the pid of a process that was started from outside, or 0 for the first; rows, columns. */
    public static final int RESIZE = 4;
    /**
     * A name, how many ms each step may take (0: as usual), the bytes of a bundle to install or to replace another by; answered by
     * DONE.
     */
    public static final int INSTALL = 5;
    /** The name of a bundle to uninstall; answered by DONE. */
    public static final int UNINSTALL = 6;
    /** Answered by DONE with a line a bundle: id, state, symbolic name, version, location. */
    public static final int BUNDLES = 7;
    /**
     * A container's id, whether the process outlives the connection, and a process to start in it: {@link SpecCodec}; answered by
     * STARTED, and by EXITED at its end.
     */
    public static final int EXEC = 8;
    /** A container's id; answered by DONE with its first process as {@link SpecCodec} has it, without descriptors. */
    public static final int PROCESS = 9;

    /** All state goes through a stream of records and back, in so many milliseconds a step (0: as usual); answered by DONE. */
    public static final int ROUND_TRIP = 10;

    /** Answered at once, by an empty DONE, as long as the Sentry is there for anybody. */
    public static final int PING = 11;

    /** A container's id; answered by DONE with what it and the sandbox are charged with, for people. */
    public static final int CHARGES = 12;

    // the Sentry to runsc
    /** The container or process runs: the pid of the process. */
    public static final int STARTED = 101;
    /** The container or process has ended; the status as wait(2) has it. */
    public static final int EXITED = 102;
    /** The sandbox, the container or the process cannot be made, or is not there: one line. */
    public static final int FAILED = 103;
    /** Answer to INSTALL, UNINSTALL and ROUND_TRIP: empty, or one line that says what is wrong; to BUNDLES and CHARGES: the list; to others nothing. */
    public static final int DONE = 104;

    private Messages() {
    }
}
