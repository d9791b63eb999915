// SPDX-License-Identifier: Apache-2.0
package org.jvisor.core.exec;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.jvisor.api.abi.Auxv;
import org.jvisor.api.abi.Bytes;
import org.jvisor.api.abi.Elf;
import org.jvisor.api.abi.Errno;
import org.jvisor.api.abi.ErrnoException;
import org.jvisor.api.host.HostKernel;
import org.jvisor.api.kernel.Credentials;
import org.jvisor.api.kernel.Kernel.KernelOptions;
import org.jvisor.api.mm.IoBuffer;
import org.jvisor.api.mm.UserMemory;
import org.jvisor.api.mm.Vdso;
import org.jvisor.api.vfs.FileDescription;
import org.jvisor.api.vfs.PathWalk;
import org.jvisor.api.vfs.Vfs;
import org.jvisor.api.vfs.VfsPath;
import org.jvisor.core.FakeMemory;
import org.jvisor.core.FakePlatform;
import org.jvisor.core.Fakes;
import org.jvisor.core.KernelImpl;
import org.jvisor.core.TestKernel;
import org.jvisor.core.container.ContainerDevices;
import org.jvisor.core.container.ContainerImpl;
import org.jvisor.core.container.HomeDirectory;
import org.jvisor.core.process.Limits;
import org.jvisor.core.process.TaskImpl;
import org.jvisor.core.process.ThreadGroupImpl;

/** Programs, honest and hostile, from files in a map into memory that is looked at. */
class LoaderTest {

    private static final long VDSO = 0x7ffe_0000_0000L;

    private final Map<String, byte[]> files = new HashMap<>();
    private final FakeMemory memory = new FakeMemory();
    private final KernelImpl kernel;
    private final TaskImpl task;
    private int open;

    LoaderTest() {
        Random random = new Random(3);
        HostKernel host = new Fakes().on("allocate", a -> 0L).on("syscall", a -> a[2]).on("copyIn", a -> {
            byte[] bytes = new byte[(Integer) a[3]];
            random.nextBytes(bytes);
            System.arraycopy(bytes, 0, (byte[]) a[1], (Integer) a[2], bytes.length);
            return null;
        }).as(HostKernel.class);
        String[] walked = new String[1];
        PathWalk[] self = new PathWalk[1];
        PathWalk walk = new Fakes().on("load", a -> {
            walked[0] = (String) a[0];
            return self[0];
        }).on("resolve", a -> {
            if (!files.containsKey(walked[0])) {
                throw ErrnoException.of(Errno.ENOENT);
            }
            return null;
        }).on("path", a -> new VfsPath(null, null)).as(PathWalk.class);
        self[0] = walk;
        Vfs vfs = new Fakes().on("newPathWalk", a -> walk).on("open", a -> file(walked[0])).as(Vfs.class);
        Vdso vdso = new Fakes().ignore("start").on("map", a -> VDSO).as(Vdso.class);
        kernel = new KernelImpl(host, memory, vdso, vfs, new TestKernel.TestClock());
        kernel.addPlatform(new FakePlatform());
        kernel.start(new KernelOptions("fake", "6.1.0", false, List.of(), 0));
        ThreadGroupImpl group = new ThreadGroupImpl(kernel, new ContainerImpl(kernel, new ContainerDevices(), TestKernel.spec()), 1, Limits.initial());
        task = new TaskImpl(kernel, group, 1);
        task.setCredentials(Credentials.ROOT);
    }

    private FileDescription file(String name) {
        byte[] content = files.get(name);
        open++;
        return new Fakes()
                .on("readAt", a -> {
                    IoBuffer target = (IoBuffer) a[1];
                    long offset = (Long) a[2];
                    if (offset < 0) {
                        return (long) -Errno.EINVAL;
                    }
                    if (offset >= content.length) {
                        return 0L;
                    }
                    int count = (int) Math.min(content.length - offset, target.remaining());
                    // A short read now and then.
                    return target.put(content, (int) offset, count > 300 ? count / 2 : count);
                })
                .on("path", a -> null)
                .on("release", a -> {
                    open--;
                    return null;
                })
                .as(FileDescription.class);
    }

    private static List<byte[]> strings(String... strings) {
        return List.of(strings).stream().map(s -> s.getBytes(StandardCharsets.ISO_8859_1)).toList();
    }

    private ProgramImage load(String name, List<byte[]> arguments, List<byte[]> environment) {
        FileDescription file = file(name);
        try (Program program = new Program(task, file, name, false, arguments)) {
            return new ProgramImage(task, program, environment, name, task.credentials());
        } finally {
            file.release(task);
        }
    }

    private ProgramImage load(byte[] content, String... arguments) {
        files.put("/program", content);
        return load("/program", strings(arguments), strings("HOME=/", "TERM=dumb"));
    }

    private void fails(int errno, byte[] content) {
        ErrnoException e = assertThrows(ErrnoException.class, () -> load(content, "p"));
        assertEquals(Errno.name(errno), Errno.name(e.errno()));
        assertEquals(0, open);
    }

    private static String string(UserMemory memory, long address) {
        StringBuilder text = new StringBuilder();
        byte[] one = new byte[1];
        for (long at = address;; at++) {
            memory.copyIn(at, one, 0, 1);
            if (one[0] == 0) {
                return text.toString();
            }
            text.append((char) one[0]);
        }
    }

    /** The strings whose addresses follow {@code at} up to a 0. */
    private static List<String> strings(UserMemory memory, long at) {
        List<String> all = new ArrayList<>();
        for (long pointer = at; memory.getLong(pointer) != 0; pointer += 8) {
            all.add(string(memory, memory.getLong(pointer)));
        }
        return all;
    }

    private static Map<Integer, Long> vector(UserMemory memory, long at) {
        Map<Integer, Long> entries = new HashMap<>();
        for (long entry = at; memory.getLong(entry) != 0; entry += 16) {
            entries.put((int) memory.getLong(entry), memory.getLong(entry + 8));
        }
        return entries;
    }

    @Test
    void shouldLoadAStaticProgram() {
        ProgramImage image = load(ElfBuilder.program().build(), "p", "x");
        UserMemory m = image.memory();
        assertEquals(0x401000, image.entry());
        assertEquals(Elf.ELFMAG, m.getInt(0x400000));
        assertEquals(0x5a5a5a5a, m.getInt(0x4027fc));
        // bss begins in the last page of the file's part, and goes on beyond.
        assertEquals(0, m.getInt(0x402800));
        assertEquals(0, m.getInt(0x404ffc));
        assertThrows(ErrnoException.class, () -> m.getInt(0x405000));
        assertTrue(image.mm().layout().startBrk >= 0x405000);
        assertEquals(0x400000, image.mm().layout().startCode);
        assertEquals(0x402800, image.mm().layout().endData);
    }

    @Test
    void shouldLayOutTheStack() {
        ProgramImage image = load(ElfBuilder.program().build(), "prog", "", "two words");
        UserMemory m = image.memory();
        long sp = image.stackPointer();
        assertEquals(0, sp & 15);
        assertEquals(3, m.getLong(sp));
        assertEquals(List.of("prog", "", "two words"), strings(m, sp + 8));
        assertEquals(List.of("HOME=/", "TERM=dumb"), strings(m, sp + 40));
        Map<Integer, Long> v = vector(m, sp + 64);
        assertEquals(0x400040L, v.get(Auxv.AT_PHDR));
        assertEquals(2L, v.get(Auxv.AT_PHNUM));
        assertEquals(56L, v.get(Auxv.AT_PHENT));
        assertEquals(4096L, v.get(Auxv.AT_PAGESZ));
        assertEquals(0x401000L, v.get(Auxv.AT_ENTRY));
        assertEquals(0L, v.get(Auxv.AT_BASE));
        assertEquals(VDSO, v.get(Auxv.AT_SYSINFO_EHDR));
        assertEquals("/program", string(m, v.get(Auxv.AT_EXECFN)));
        assertEquals("x86_64", string(m, v.get(Auxv.AT_PLATFORM)));
        assertNotEquals(0, m.getLong(v.get(Auxv.AT_RANDOM)));
        assertTrue(v.keySet().containsAll(Set.of(Auxv.AT_UID, Auxv.AT_EUID, Auxv.AT_GID, Auxv.AT_EGID, Auxv.AT_SECURE,
                Auxv.AT_HWCAP, Auxv.AT_HWCAP2, Auxv.AT_CLKTCK, Auxv.AT_FLAGS, Auxv.AT_MINSIGSTKSZ)));
        assertEquals("prog", string(m, image.mm().layout().argStart));
        assertEquals("HOME=/", string(m, image.mm().layout().envStart));
        byte[] auxv = image.mm().layout().auxv;
        assertEquals(v.size() + 1, auxv.length / 16);
    }

    @Test
    void shouldLoadADynamicProgramWithItsLinker() {
        files.put("/lib/ld.so", ElfBuilder.shared().build());
        ProgramImage image = load(ElfBuilder.shared().interpreter("/lib/ld.so").build(), "p");
        Map<Integer, Long> v = vector(image.memory(), image.stackPointer() + 8 * 6);
        long base = v.get(Auxv.AT_BASE);
        assertEquals(base + 0x1000, image.entry());
        assertEquals(Elf.ELFMAG, image.memory().getInt(base));
        assertNotEquals(base, v.get(Auxv.AT_ENTRY) - 0x1000);
        assertEquals(Elf.ELFMAG, image.memory().getInt(v.get(Auxv.AT_ENTRY) - 0x1000));
        assertEquals(0, open);
    }

    @Test
    void shouldPlaceProgramsElsewhereEachTime() {
        byte[] program = ElfBuilder.shared().build();
        Set<Long> entries = IntStream.range(0, 8).mapToObj(i -> load(program, "p").stackPointer())
                .collect(Collectors.toSet());
        assertTrue(entries.size() > 6);
    }

    @Test
    void shouldRunScriptsByTheirInterpreter() {
        files.put("/bin/sh", ElfBuilder.program().build());
        files.put("/s", "#! /bin/sh  -e x \t\nexit\n".getBytes(StandardCharsets.ISO_8859_1));
        ProgramImage image = load("/s", strings("zero", "one"), strings());
        assertEquals(List.of("/bin/sh", "-e x", "/s", "one"), strings(image.memory(), image.stackPointer() + 8));
        files.put("/t", "#!/s".getBytes(StandardCharsets.ISO_8859_1));
        image = load("/t", strings("zero", "one"), strings());
        assertEquals(List.of("/bin/sh", "-e x", "/s", "/t", "one"), strings(image.memory(), image.stackPointer() + 8));
        assertEquals(0, open);
    }

    @Test
    void shouldLimitScriptsOfScripts() {
        files.put("/0", ElfBuilder.program().build());
        for (int i = 1; i <= 6; i++) {
            files.put("/" + i, ("#!/" + (i - 1) + "\n").getBytes(StandardCharsets.ISO_8859_1));
        }
        load("/5", strings("x"), strings());
        ErrnoException e = assertThrows(ErrnoException.class, () -> load("/6", strings("x"), strings()));
        assertEquals(Errno.ELOOP, e.errno());
        assertEquals(0, open);
    }

    @Test
    void shouldRefuseBadScripts() {
        fails(Errno.EACCES, "#!".getBytes(StandardCharsets.ISO_8859_1));
        fails(Errno.ENOEXEC, "#!   \n".getBytes(StandardCharsets.ISO_8859_1));
        fails(Errno.ENOEXEC, ("#!/" + "x".repeat(300) + "\n").getBytes(StandardCharsets.ISO_8859_1));
        fails(Errno.ENOENT, "#!/nosuch\n".getBytes(StandardCharsets.ISO_8859_1));
    }

    @Test
    void shouldGiveAProgramWithoutArgumentsAnEmptyOne() {
        ProgramImage image = load(ElfBuilder.program().build());
        assertEquals(1, image.memory().getLong(image.stackPointer()));
        assertEquals(List.of(""), strings(image.memory(), image.stackPointer() + 8));
    }

    private void corrupted(int errno, Consumer<byte[]> corruption) {
        byte[] content = ElfBuilder.program().build();
        corruption.accept(content);
        fails(errno, content);
    }

    @Test
    void shouldRefuseWhatIsNoProgram() {
        fails(Errno.ENOEXEC, new byte[0]);
        fails(Errno.ENOEXEC, new byte[] {0x7f, 'E', 'L', 'F'});
        fails(Errno.ENOEXEC, "just text".getBytes(StandardCharsets.ISO_8859_1));
        corrupted(Errno.ENOEXEC, b -> b[Elf.EI_CLASS] = Elf.ELFCLASS32);
        corrupted(Errno.ENOEXEC, b -> Bytes.putShort(b, Elf.EHDR_E_MACHINE, Elf.EM_386));
        corrupted(Errno.ENOEXEC, b -> Bytes.putShort(b, Elf.EHDR_E_TYPE, Elf.ET_REL));
        corrupted(Errno.ENOEXEC, b -> Bytes.putShort(b, Elf.EHDR_E_PHENTSIZE, 32));
        corrupted(Errno.ENOEXEC, b -> Bytes.putShort(b, Elf.EHDR_E_PHNUM, 0));
        corrupted(Errno.ENOEXEC, b -> Bytes.putShort(b, Elf.EHDR_E_PHNUM, 0xffff));
        corrupted(Errno.ENOEXEC, b -> Bytes.putLong(b, Elf.EHDR_E_PHOFF, 1 << 20));
        corrupted(Errno.ENOEXEC, b -> Bytes.putLong(b, Elf.EHDR_E_PHOFF, -1));
    }

    @Test
    void shouldRefuseSegmentsThatCannotBe() {
        int segment = Elf.EHDR_SIZE;
        corrupted(Errno.EINVAL, b -> Bytes.putLong(b, segment + Elf.PHDR_P_FILESZ, -1));
        corrupted(Errno.EINVAL, b -> Bytes.putLong(b, segment + Elf.PHDR_P_MEMSZ, 0x1000));
        corrupted(Errno.EINVAL, b -> Bytes.putLong(b, segment + Elf.PHDR_P_VADDR, 0x400008));
        corrupted(Errno.EINVAL, b -> Bytes.putLong(b, segment + Elf.PHDR_P_VADDR, 0xffff_8000_0000_0000L));
        corrupted(Errno.EINVAL, b -> Bytes.putLong(b, segment + Elf.PHDR_P_MEMSZ, Long.MAX_VALUE));
        corrupted(Errno.EPERM, b -> Bytes.putLong(b, segment + Elf.PHDR_P_VADDR, 0));
        corrupted(Errno.EINVAL, b -> Bytes.putLong(b, Elf.EHDR_E_ENTRY, -1));
    }

    @Test
    void shouldRefuseABadLinker() {
        byte[] program = ElfBuilder.shared().interpreter("/lib/ld.so").build();
        fails(Errno.ENOENT, program);
        files.put("/lib/ld.so", new byte[10]);
        fails(Errno.EIO, program);
        files.put("/lib/ld.so", new byte[1000]);
        fails(Errno.ELIBBAD, program);
    }

    @Test
    void shouldLimitArguments() {
        files.put("/program", ElfBuilder.program().build());
        List<byte[]> one = List.of(new byte[128 << 10]);
        assertEquals(Errno.E2BIG, assertThrows(ErrnoException.class, () -> load("/program", one, strings())).errno());
        List<byte[]> many = Collections.nCopies(200_000, new byte[8]);
        assertEquals(Errno.E2BIG, assertThrows(ErrnoException.class, () -> load("/program", many, strings())).errno());
        load("/program", List.of(new byte[(128 << 10) - 1]), Collections.nCopies(10_000, new byte[8]));
    }

    @Test
    void shouldSurviveRandomlyChangedFiles() {
        Random random = new Random(20260101);
        byte[][] honest = {ElfBuilder.program().build(), ElfBuilder.shared().build(),
            ElfBuilder.shared().interpreter("/lib/ld.so").build()};
        files.put("/lib/ld.so", ElfBuilder.shared().build());
        int loaded = 0;
        for (int i = 0; i < 3000; i++) {
            byte[] content = honest[i % honest.length].clone();
            int changes = 1 + random.nextInt(4);
            for (int c = 0; c < changes; c++) {
                int at = random.nextInt(Elf.EHDR_SIZE + 3 * Elf.PHDR_SIZE);
                switch (random.nextInt(4)) {
                    case 0 -> content[at] = (byte) random.nextInt();
                    case 1 -> Bytes.putLong(content, at & ~7, random.nextLong());
                    case 2 -> Bytes.putLong(content, at & ~7, 1L << random.nextInt(64));
                    default -> Bytes.putInt(content, at & ~3, random.nextInt(8));
                }
            }
            if (random.nextInt(10) == 0) {
                content = Arrays.copyOf(content, random.nextInt(content.length));
            }
            try {
                load(content, "p");
                loaded++;
            } catch (ErrnoException e) {
                assertTrue(Set.of(Errno.ENOEXEC, Errno.EINVAL, Errno.ENOMEM, Errno.EPERM, Errno.EIO, Errno.ELIBBAD, Errno.ENOENT,
                        Errno.EFAULT).contains(e.errno()), () -> Errno.name(e.errno()));
            }
            assertEquals(0, open);
            memory.managers.clear();
        }
        assertNotEquals(0, loaded);
    }

    @Test
    void shouldFindTheHomeDirectory() {
        String passwd = "root:x:0:0:root:/root:/bin/bash\nbroken\nwww:x:33:33::/var/www:\nx:x:40:40::/no\n";
        assertEquals("/root", HomeDirectory.home(passwd, 0));
        assertEquals("/var/www", HomeDirectory.home(passwd, 33));
        assertEquals("/no", HomeDirectory.home(passwd, 40));
        assertEquals("/", HomeDirectory.home(passwd, 41));
        assertEquals("/", HomeDirectory.home("", 0));
    }
}
