// SPDX-License-Identifier: Apache-2.0
package org.jvisor.core.exec;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jvisor.api.abi.Errno;
import org.jvisor.api.abi.ErrnoException;
import org.jvisor.api.abi.Open;
import org.jvisor.api.mm.IoBuffer;
import org.jvisor.api.platform.UserSpace;
import org.jvisor.api.vfs.FileDescription;
import org.jvisor.api.vfs.PathWalk;
import org.jvisor.api.vfs.Vfs;
import org.jvisor.core.process.TaskImpl;

/**
 * What execve(2) is to run, found out from the named file: an ELF file with its interpreter, behind up to five levels of
 * {@code #!} scripts. Owns the files it opened until {@link #close}.
 */
final class Program implements AutoCloseable {

    /** Bytes of a file that say what it is, and the longest first line of a script (execve(2)). */
    private static final int HEAD = ScriptLine.HEAD;
    /** Linux's limit; execve(2) still says four. */
    private static final int SCRIPTS_MAX = 5;

    private final TaskImpl task;
    private final boolean pathEnds;
    private final List<FileDescription> opened = new ArrayList<>();
    private List<byte[]> arguments;
    private FileDescription file;
    private ElfImage image;
    private FileDescription linkerFile;
    private ElfImage linkerImage;

    /**
     * Looks into {@code file}.
     *
     * @param path what the program was called by; what a script's interpreter gets
     * @param pathEnds whether nothing is to be found by that once the program runs
     */
    Program(TaskImpl task, FileDescription file, String path, boolean pathEnds, List<byte[]> arguments) {
        this.task = task;
        this.pathEnds = pathEnds;
        this.file = file;
        // Linux 5.18: a program without arguments gets an empty one.
        this.arguments = arguments.isEmpty() ? List.of(new byte[0]) : arguments;
        try {
            resolve(path);
        } catch (RuntimeException e) {
            close();
            throw e;
        }
    }

    private void resolve(String path) {
        String name = path;
        byte[] head = new byte[HEAD];
        int length = read(file, 0, head, HEAD);
        for (int depth = 0; length >= 2 && head[0] == '#' && head[1] == '!'; depth++) {
            if (depth >= SCRIPTS_MAX) {
                throw ErrnoException.of(Errno.ELOOP);
            }
            name = interpret(head, name);
            Arrays.fill(head, (byte) 0);
            length = read(file, 0, head, HEAD);
        }
        if (length < ElfImage.HEADER_SIZE) {
            throw ErrnoException.of(Errno.ENOEXEC);
        }
        long maxAddress = UserSpace.END;
        FileDescription program = file;
        image = ElfImage.parse(head, (offset, target, count) -> read(program, offset, target, count), maxAddress);
        if (image.interpreter() != null) {
            openLinker(maxAddress);
        }
    }

    /** A script: its interpreter is what runs, with the script's name among its arguments. */
    private String interpret(byte[] head, String script) {
        ScriptLine line = new ScriptLine(head);
        if (pathEnds) {
            // Its interpreter would not find it any more.
            throw ErrnoException.of(Errno.ENOENT);
        }
        List<byte[]> more = new ArrayList<>();
        more.add(line.interpreter());
        if (line.argument() != null) {
            more.add(line.argument());
        }
        more.add(script.getBytes(StandardCharsets.ISO_8859_1));
        more.addAll(arguments.subList(1, arguments.size()));
        arguments = more;
        String interpreter = new String(line.interpreter(), StandardCharsets.ISO_8859_1);
        file = open(interpreter);
        return interpreter;
    }

    private void openLinker(long maxAddress) {
        linkerFile = open(image.interpreter());
        byte[] head = new byte[HEAD];
        int length = read(linkerFile, 0, head, HEAD);
        if (length < ElfImage.HEADER_SIZE) {
            throw ErrnoException.of(Errno.EIO);
        }
        try {
            linkerImage = ElfImage.parse(head, (offset, target, count) -> read(linkerFile, offset, target, count), maxAddress);
        } catch (ErrnoException e) {
            throw e.errno() == Errno.ENOEXEC ? ErrnoException.of(Errno.ELIBBAD) : e;
        }
    }

    private FileDescription open(String path) {
        PathWalk walk = task.walk2().load(path);
        walk.resolve(task, Open.AT_FDCWD, PathWalk.FOLLOW);
        FileDescription found = task.kernelImpl().vfs().open(task, walk.path(), Vfs.OPEN_EXEC);
        opened.add(found);
        return found;
    }

    /** Reads up to {@code length} bytes; fewer at the end of the file. */
    private int read(FileDescription from, long offset, byte[] target, int length) {
        IoBuffer buffer = task.kernelImpl().memory().kernelBuffer(target, 0, length);
        int done = 0;
        while (done < length) {
            long count = ErrnoException.check(from.readAt(task, buffer, offset + done));
            if (count == 0) {
                break;
            }
            done += (int) count;
        }
        return done;
    }

    FileDescription file() {
        return file;
    }

    ElfImage image() {
        return image;
    }

    /** The dynamic linker, or null. */
    FileDescription linkerFile() {
        return linkerFile;
    }

    ElfImage linkerImage() {
        return linkerImage;
    }

    List<byte[]> arguments() {
        return arguments;
    }

    @Override
    public void close() {
        opened.forEach(f -> f.release(task));
        opened.clear();
    }
}
