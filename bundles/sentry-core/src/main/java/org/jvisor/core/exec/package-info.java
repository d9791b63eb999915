// SPDX-License-Identifier: Apache-2.0
/**
 * execve(2): a program is read and judged ({@code ProgramImage}, {@code ElfImage}: bytes that the application may have made), a new
 * address space is filled ({@code ElfLoader}, {@code StackBuilder}), and only then is the old one given up; see {@code ExecOperation},
 * and there the point after which a failure ends the process.
 *
 * <p><b>Locks.</b> None of its own: the other threads of the group have ended before anything is switched.
 */
package org.jvisor.core.exec;
