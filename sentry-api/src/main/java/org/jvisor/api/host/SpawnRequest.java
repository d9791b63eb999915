// SPDX-License-Identifier: Apache-2.0
package org.jvisor.api.host;

import java.util.List;

/**
 * What {@link HostKernel#spawn} starts.
 *
 * @param path the program's file; {@code /proc/self/fd/N} runs an open one
 * @param arguments argv, the program's name first
 * @param environment NAME=value entries; nothing is inherited
 * @param descriptors the descriptors that the child gets: index i of the array is the caller's descriptor that becomes the
 *     child's i, or -1 for none; all others are closed in the child as long as they carry FD_CLOEXEC
 */
public record SpawnRequest(String path, List<String> arguments, List<String> environment, int[] descriptors) {}
