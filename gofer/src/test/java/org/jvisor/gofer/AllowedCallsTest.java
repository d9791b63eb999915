// SPDX-License-Identifier: Apache-2.0
package org.jvisor.gofer;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.lang.classfile.ClassFile;
import java.lang.classfile.CodeElement;
import java.lang.classfile.Instruction;
import java.lang.classfile.MethodModel;
import java.lang.classfile.instruction.BranchInstruction;
import java.lang.classfile.instruction.ConstantInstruction;
import java.lang.classfile.instruction.FieldInstruction;
import java.lang.classfile.instruction.InvokeInstruction;
import java.net.URI;
import java.nio.file.FileSystem;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Deque;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.jvisor.api.abi.SyscallNr;
import org.jvisor.api.host.HostKernel;
import org.jvisor.p9.unix.UnixTransport;

/**
 * The list of a sealed gofer's own calls against the numbers that its code, and the transport's, hands to
 * {@link HostKernel#syscall}: each is on the list, and nothing else is. What happens before the filter is in place is left out.
 */
final class AllowedCallsTest {
    private static final String HOST_KERNEL = HostKernel.class.descriptorString();

    /** These run before the gofer is sealed, or never in a gofer. */
    private static final Set<String> BEFORE = Set.of("org/jvisor/gofer/Main", "org/jvisor/gofer/Confinement",
            "org/jvisor/gofer/Rehearsal");

    /** Asked once, when a transport takes a socket over. */
    private static final Set<Integer> ONCE = Set.of(SyscallNr.GETSOCKOPT);

    @Test
    void shouldListExactlyWhatTheCodeCalls() throws Exception {
        Set<Integer> used = new TreeSet<>();
        collect(Main.class, "org/jvisor/gofer", used);
        collect(UnixTransport.class, "org/jvisor/p9/unix", used);
        used.removeAll(ONCE);
        Set<Integer> listed = Arrays.stream(AllowedCalls.OWN).boxed().collect(Collectors.toCollection(TreeSet::new));
        assertEquals(listed, used);
        assertTrue(used.size() > 20);
    }

    private static void collect(Class<?> member, String folder, Set<Integer> used) throws Exception {
        Path place = Path.of(URI.create(member.getProtectionDomain().getCodeSource().getLocation().toString()));
        if (Files.isDirectory(place)) {
            collect(place.resolve(folder), used);
        } else {
            try (FileSystem jar = FileSystems.newFileSystem(place)) {
                collect(jar.getPath(folder), used);
            }
        }
    }

    private static void collect(Path folder, Set<Integer> used) throws IOException {
        try (var files = Files.list(folder)) {
            for (Path file : files.filter(f -> f.toString().endsWith(".class")).toList()) {
                var model = ClassFile.of().parse(Files.readAllBytes(file));
                String name = model.thisClass().asInternalName();
                boolean isTest = name.contains("Test") || name.contains("InProcess") || name.contains("GoferProcess");
                if (!isTest && BEFORE.stream().noneMatch(name::startsWith)) {
                    model.methods().forEach(method -> collect(method, used));
                }
            }
        }
    }

    /**
     * Follows which call each loading of a HostKernel is for; the number is the constant behind it, or two with a branch between
     * them for {@code host.syscall(condition ? A : B, …)}.
     */
    private static void collect(MethodModel method, Set<Integer> used) {
        Deque<Receiver> receivers = new ArrayDeque<>();
        for (CodeElement element : method.code().map(code -> code.elementList()).orElse(List.of())) {
            if (element instanceof FieldInstruction field && field.type().stringValue().equals(HOST_KERNEL)) {
                receivers.push(new Receiver());
            } else if (element instanceof InvokeInstruction call
                    && call.owner().asSymbol().descriptorString().equals(HOST_KERNEL)) {
                Receiver receiver = receivers.poll();
                if (receiver != null && call.name().equalsString("syscall")) {
                    assertFalse(receiver.numbers.isEmpty(), "a number that is no constant in " + method.methodName());
                    used.addAll(receiver.numbers);
                }
            } else if (!receivers.isEmpty()) {
                receivers.peek().see(element);
            }
        }
    }

    private static final class Receiver {
        final List<Integer> numbers = new ArrayList<>();
        private boolean complete;
        private boolean branched;

        void see(CodeElement element) {
            if (element instanceof ConstantInstruction constant && constant.constantValue() instanceof Number value
                    && !complete) {
                if (numbers.isEmpty() || branched) {
                    numbers.add(value.intValue());
                    branched = false;
                } else {
                    complete = true;
                }
            } else if (element instanceof BranchInstruction) {
                branched = !numbers.isEmpty();
            } else if (element instanceof Instruction && !numbers.isEmpty()) {
                complete = true;
            }
        }
    }
}
