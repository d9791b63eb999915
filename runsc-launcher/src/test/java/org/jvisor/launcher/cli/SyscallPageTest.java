// SPDX-License-Identifier: Apache-2.0
package org.jvisor.launcher.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.InputStream;
import java.lang.classfile.ClassFile;
import java.lang.classfile.CodeElement;
import java.lang.classfile.Instruction;
import java.lang.classfile.Label;
import java.lang.classfile.MethodModel;
import java.lang.classfile.instruction.BranchInstruction;
import java.lang.classfile.instruction.InvokeInstruction;
import java.lang.classfile.instruction.LabelTarget;
import java.lang.classfile.instruction.LookupSwitchInstruction;
import java.lang.classfile.instruction.ReturnInstruction;
import java.lang.classfile.instruction.SwitchCase;
import java.lang.classfile.instruction.TableSwitchInstruction;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;
import org.jvisor.api.syscall.Arguments;
import org.jvisor.api.syscall.CallTable;
import org.jvisor.api.syscall.SyscallFamily;

/** The tables of the shipped families, against their code and against the page that is made of them. */
class SyscallPageTest {
    private static final Path PAGE = Path.of("../docs/syscalls.md");

    private static final Map<String, String> SHIPPED = Map.of("org.jvisor.syscalls.fs.FsSyscalls", "syscalls-fs",
        "org.jvisor.syscalls.mm.MmSyscalls", "syscalls-mm", "org.jvisor.syscalls.net.NetSyscalls", "syscalls-net",
        "org.jvisor.syscalls.task.TaskSyscalls", "syscalls-task");

    private static SyscallFamily family(String type) throws ReflectiveOperationException {
        return (SyscallFamily) Class.forName(type).getConstructor().newInstance();
    }

    private static List<SyscallFamily> families() throws ReflectiveOperationException {
        List<SyscallFamily> families = new ArrayList<>();
        for (String type : SHIPPED.keySet()) {
            families.add(family(type));
        }
        return families;
    }

    /** The arms of the switch over the number in a family's {@code call}: what each calls, "" where it calls nothing. */
    private static Map<Integer, String> arms(String type) throws IOException, ReflectiveOperationException {
        byte[] bytes;
        try (InputStream in = Class.forName(type).getResourceAsStream(type.substring(type.lastIndexOf('.') + 1) + ".class")) {
            bytes = in.readAllBytes();
        }
        MethodModel call = ClassFile.of().parse(bytes).methods().stream()
            .filter(method -> method.methodName().equalsString("call") && method.methodType().stringValue().endsWith("J"))
            .findFirst().orElseThrow();
        List<CodeElement> code = call.code().orElseThrow().elementList();
        Map<Label, Integer> places = new HashMap<>();
        List<SwitchCase> cases = List.of();
        Label otherwise = null;
        for (int i = 0; i < code.size(); i++) {
            switch (code.get(i)) {
                case LabelTarget target -> places.put(target.label(), i);
                case TableSwitchInstruction table -> {
                    cases = table.cases();
                    otherwise = table.defaultTarget();
                }
                case LookupSwitchInstruction lookup -> {
                    cases = lookup.cases();
                    otherwise = lookup.defaultTarget();
                }
                default -> { }
            }
        }
        Set<Label> starts = new HashSet<>();
        for (SwitchCase arm : cases) {
            starts.add(arm.target());
        }
        Map<Integer, String> arms = new TreeMap<>();
        for (SwitchCase arm : cases) {
            if (arm.target() != otherwise) {
                arms.put(arm.caseValue(), lastCall(code, places.get(arm.target()), starts));
            }
        }
        return arms;
    }

    private static String lastCall(List<CodeElement> code, int start, Set<Label> starts) {
        String last = "";
        for (int i = start; i < code.size(); i++) {
            CodeElement element = code.get(i);
            boolean next = i > start && element instanceof LabelTarget at && starts.contains(at.label());
            if (next || element instanceof ReturnInstruction || element instanceof BranchInstruction && isGoto(element)) {
                break;
            }
            if (element instanceof InvokeInstruction invoke
                    && !invoke.owner().asInternalName().equals(Arguments.class.getName().replace('.', '/'))) {
                String owner = invoke.owner().asInternalName();
                last = owner.substring(owner.lastIndexOf('/') + 1) + "." + invoke.name().stringValue();
            }
        }
        return last;
    }

    private static boolean isGoto(CodeElement element) {
        return element instanceof Instruction instruction && instruction.opcode().name().startsWith("GOTO");
    }

    @Test
    void shouldNameTheCallsThatTheSwitchAnswers() throws Exception {
        for (String type : SHIPPED.keySet()) {
            Set<Integer> named = new HashSet<>();
            for (CallTable.Row row : family(type).calls().rows()) {
                assertTrue(named.add(row.number()), type + " names " + row.name() + " twice");
            }
            assertEquals(arms(type).keySet(), new TreeSet<>(named), type);
        }
    }

    @Test
    void shouldHaveOneFamilyForEachNumberAndAReasonForEachGap() throws Exception {
        Map<Integer, String> first = new HashMap<>();
        for (SyscallFamily family : families()) {
            for (CallTable.Row row : family.calls().rows()) {
                String other = first.put(row.number(), family.name());
                assertEquals(null, other, row.name() + " is answered by " + family.name() + " and " + other);
                assertEquals(row.support() == CallTable.Support.PARTIAL, !row.note().isBlank(), row.name());
            }
        }
    }

    private static String page() throws Exception {
        Map<Integer, String> family = new HashMap<>();
        Map<Integer, String> handler = new HashMap<>();
        for (Map.Entry<String, String> shipped : SHIPPED.entrySet()) {
            arms(shipped.getKey()).forEach((number, call) -> {
                family.put(number, shipped.getValue());
                handler.put(number, call);
            });
        }
        List<SupportTable.Line> lines = new SupportTable(families()).lines();
        long full = lines.stream().filter(line -> line.support().startsWith("Full")).count();
        long partial = lines.stream().filter(line -> line.support().startsWith("Partial")).count();
        StringBuilder page = new StringBuilder("""
            # System calls
            Of the %d system calls that x86-64 Linux 6.13 has a number for, %d are answered in full, %d in part; the others answer
            ENOSYS. This page is made of the tables of the families, and a test compares it with them; `runsc help syscalls` prints the
            same. The core answers none itself. A bundle of higher ranking can take any number over.

            | number | name | support | bundle | handler | note |
            |---|---|---|---|---|---|
            """.formatted(lines.size(), full, partial));
        for (SupportTable.Line line : lines) {
            page.append("| ").append(line.number()).append(" | ").append(line.name()).append(" | ").append(line.support().split(" ")[0])
                .append(" | ").append(family.getOrDefault(line.number(), "")).append(" | ")
                .append(handler.getOrDefault(line.number(), "")).append(" | ").append(line.note()).append(" |\n");
        }
        return page.toString();
    }

    /** Makes the page anew after a change: {@code -DwritePage=true}. */
    @Test
    void shouldHaveAPageThatIsUpToDate() throws Exception {
        String page = page();
        if (Boolean.getBoolean("writePage")) {
            Files.writeString(PAGE, page);
        }
        assertEquals(page, Files.readString(PAGE), "docs/syscalls.md is out of date: run this test with -DwritePage=true");
    }

    @Test
    void shouldPrintEachFormat() throws Exception {
        SupportTable table = new SupportTable(families());
        List<String> lines = table.table().lines().toList();
        assertEquals("linux/amd64:", lines.get(0));
        assertTrue(lines.get(2).matches("NUM  NAME +SUPPORT +NOTE"), lines.get(2));
        assertTrue(lines.get(3).matches("0    read +Full Support +"), lines.get(3));
        assertTrue(table.table().contains("\n101  ptrace"), "numbers that nobody answers are listed");
        assertTrue(table.csv().startsWith("OS,Arch,Num,Name,Support,Note\nlinux,amd64,0,read,Full Support,\n"));
        assertTrue(table.json().contains("\"101\": {\n          \"name\": \"ptrace\",\n          \"support\": \"Unimplemented\"\n"));
        assertFalse(table.csv().contains("syscall_"), "numbers without a call are left out");
    }
}
