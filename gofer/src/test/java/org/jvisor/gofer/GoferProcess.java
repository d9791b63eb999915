// SPDX-License-Identifier: Apache-2.0
package org.jvisor.gofer;

import static org.jvisor.gofer.InProcessGofer.HOST;
import static org.jvisor.gofer.InProcessGofer.TRANSPORT;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.jar.JarOutputStream;
import java.util.zip.ZipEntry;
import org.jvisor.api.abi.Clone;
import org.jvisor.api.abi.ErrnoException;
import org.jvisor.api.abi.Socket;
import org.jvisor.api.abi.SyscallNr;
import org.jvisor.api.host.SpawnRequest;
import org.jvisor.api.p9.GoferExport;
import org.jvisor.api.p9.P9;
import org.jvisor.assembler.Assembler;
import org.jvisor.host.ffm.FfmHostKernel;
import org.jvisor.p9.unix.UnixTransport;

/** A gofer as runsc starts it: a process of its own, in a mount namespace of its own. */
final class GoferProcess implements AutoCloseable {
    private static final int MOUNTS_FD = 3;
    private static final int FIRST_CONNECTION = 4;
    private static String classPath;

    final List<TestClient> clients = new ArrayList<>();
    final int pid;
    private int status = -1;

    /** @param jvmOptions beside those that every gofer has */
    GoferProcess(List<GoferExport> exports, String... jvmOptions) {
        StringBuilder lines = new StringBuilder();
        int[] descriptors = new int[FIRST_CONNECTION + exports.size()];
        descriptors[1] = 1;
        descriptors[2] = 2;
        StringBuilder connections = new StringBuilder("--io-fds=");
        for (int i = 0; i < exports.size(); i++) {
            lines.append(exports.get(i).toLine());
            int[] pair = InProcessGofer.socketPair(Socket.SOCK_SEQPACKET);
            clients.add(new TestClient(TRANSPORT.connect(pair[0], TestClient.SIZE)));
            descriptors[FIRST_CONNECTION + i] = pair[1];
            connections.append(i == 0 ? "" : ",").append(FIRST_CONNECTION + i);
        }
        int[] mounts = pipeWith(lines.toString());
        descriptors[0] = mounts[0];
        descriptors[MOUNTS_FD] = mounts[0];
        List<String> command = new ArrayList<>(List.of("java", "-Xshare:auto", "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC",
                "-Xmx48m", "-XX:-UsePerfData", "--enable-native-access=ALL-UNNAMED"));
        command.addAll(List.of(jvmOptions));
        command.addAll(List.of("-cp", classPath(), "org.jvisor.gofer.Main", connections.toString(),
                "--mounts-fd=" + MOUNTS_FD));
        String java = System.getProperty("java.home") + "/bin/java";
        pid = spawnInNewMountNamespace(new SpawnRequest(java, command, List.of(), descriptors));
        for (int i = FIRST_CONNECTION; i < descriptors.length; i++) {
            HOST.syscall(SyscallNr.CLOSE, descriptors[i]);
        }
        HOST.syscall(SyscallNr.CLOSE, mounts[0]);
    }

    /** Jars, as in the distribution: a sealed gofer can still load classes from the files that it has open. */
    private static synchronized String classPath() {
        if (classPath == null) {
            Set<Path> places = new LinkedHashSet<>();
            for (Class<?> part : List.of(Main.class, P9.class, FfmHostKernel.class, Assembler.class, UnixTransport.class)) {
                places.add(Path.of(URI.create(part.getProtectionDomain().getCodeSource().getLocation().toString())));
            }
            List<String> jars = new ArrayList<>();
            for (Path place : places) {
                jars.add(Files.isDirectory(place) ? jarOf(place) : place.toString());
            }
            classPath = String.join(":", jars);
        }
        return classPath;
    }

    private static String jarOf(Path folder) {
        try {
            Path jar = Files.createTempFile("gofer", ".jar");
            jar.toFile().deleteOnExit();
            try (JarOutputStream out = new JarOutputStream(Files.newOutputStream(jar)); var files = Files.walk(folder)) {
                for (Path file : files.filter(Files::isRegularFile).toList()) {
                    out.putNextEntry(new ZipEntry(folder.relativize(file).toString()));
                    Files.copy(file, out);
                }
            }
            return jar.toString();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static int[] pipeWith(String text) {
        byte[] bytes = text.getBytes(StandardCharsets.ISO_8859_1);
        long buffer = HOST.allocate(Math.max(bytes.length, 8));
        ErrnoException.check(HOST.syscall(SyscallNr.PIPE2, buffer, 02000000));
        int[] ends = {HOST.getInt(buffer), HOST.getInt(buffer + 4)};
        HOST.copyOut(bytes, 0, bytes.length, buffer);
        ErrnoException.check(HOST.syscall(SyscallNr.WRITE, ends[1], buffer, bytes.length));
        HOST.syscall(SyscallNr.CLOSE, ends[1]);
        HOST.free(buffer);
        return ends;
    }

    /** A thread's namespace goes to what it spawns; the thread is not used for anything else afterwards. */
    private static int spawnInNewMountNamespace(SpawnRequest request) {
        int[] result = new int[1];
        Thread thread = new Thread(() -> {
            long unshared = HOST.syscall(SyscallNr.UNSHARE, Clone.CLONE_NEWNS);
            result[0] = unshared < 0 ? (int) unshared : HOST.spawn(request);
        });
        thread.start();
        try {
            thread.join();
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
        return (int) ErrnoException.check(result[0]);
    }

    void kill() {
        HOST.syscall(SyscallNr.KILL, pid, 9);
    }

    /** Waits for the process's end; the status as waitpid(2) has it. */
    int await() {
        if (status == -1) {
            long address = HOST.allocate(8);
            ErrnoException.check(HOST.syscall(SyscallNr.WAIT4, pid, address, 0, 0));
            status = HOST.getInt(address);
            HOST.free(address);
        }
        return status;
    }

    @Override
    public void close() {
        for (TestClient client : clients) {
            client.close();
        }
        await();
    }
}
