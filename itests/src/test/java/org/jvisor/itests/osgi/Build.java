// SPDX-License-Identifier: Apache-2.0
package org.jvisor.itests.osgi;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.lang.classfile.ClassBuilder;
import java.lang.classfile.ClassElement;
import java.lang.classfile.ClassFile;
import java.lang.classfile.ClassTransform;
import java.lang.classfile.CodeBuilder;
import java.lang.classfile.MethodModel;
import java.lang.classfile.MethodTransform;
import java.lang.classfile.Opcode;
import java.lang.classfile.instruction.InvokeInstruction;
import java.lang.constant.ClassDesc;
import java.lang.constant.ConstantDescs;
import java.lang.constant.MethodTypeDesc;
import java.util.Collections;
import java.util.function.Consumer;
import java.util.jar.JarEntry;
import java.util.jar.JarFile;
import java.util.jar.JarOutputStream;
import java.util.jar.Manifest;
import java.util.zip.ZipEntry;

/** Other builds of a bundle of the distribution: the same source, another version, and perhaps something that has changed. */
public final class Build {

    /** What a build does otherwise. */
    public enum Change {
        NONE,
        /** Its records say that they are of a newer schema, and have a field that no other version knows. */
        NEWER_SCHEMA,
        /** Its records are of a type that no other version knows. */
        UNKNOWN_RECORDS,
        SAVE_FAILS,
        ADOPT_FAILS,
        ADOPT_HANGS,
        /** Its objects throw Errors when their successors serve, when they come to serve, when they do not. */
        RETIRE_FAILS,
        RESUME_FAILS,
        DISCARD_FAILS,
        RETIRE_HANGS,
        RESUME_HANGS
    }

    private static final int NEWER_SCHEMA = 2;
    private static final String ADDED_FIELD = "addedByANewerVersion";

    private static final ClassDesc RECORD = ClassDesc.of("org.jvisor.api.state.StateRecord");
    private static final ClassDesc FAILURE = ClassDesc.of("java.lang.IllegalStateException");
    private static final ClassDesc ERROR = ClassDesc.of("java.lang.NoClassDefFoundError");
    private static final MethodTypeDesc NEW = MethodTypeDesc.of(ConstantDescs.CD_void, ConstantDescs.CD_String, ConstantDescs.CD_int);
    private static final MethodTypeDesc NEW_FAILURE = MethodTypeDesc.of(ConstantDescs.CD_void, ConstantDescs.CD_String);
    private static final MethodTypeDesc PUT = MethodTypeDesc.of(RECORD, ConstantDescs.CD_String, ConstantDescs.CD_long);
    private static final MethodTypeDesc SAVE = MethodTypeDesc.of(RECORD);
    private static final MethodTypeDesc ADOPT = MethodTypeDesc.of(ClassDesc.of("org.jvisor.api.state.Stateful"), RECORD);
    private static final MethodTypeDesc SLEEP = MethodTypeDesc.of(ConstantDescs.CD_void, ConstantDescs.CD_long);

    private Build() {
    }

    public static byte[] of(String symbolicName, String version, Change change) throws IOException {
        try (JarFile jar = new JarFile(Distribution.jar(symbolicName).toFile())) {
            Manifest manifest = new Manifest(jar.getManifest());
            manifest.getMainAttributes().putValue("Bundle-Version", version);
            ByteArrayOutputStream bytes = new ByteArrayOutputStream();
            try (JarOutputStream out = new JarOutputStream(bytes, manifest)) {
                for (JarEntry entry : Collections.list(jar.entries())) {
                    if (!entry.isDirectory() && !entry.getName().equals(JarFile.MANIFEST_NAME)) {
                        byte[] content = jar.getInputStream(entry).readAllBytes();
                        out.putNextEntry(new ZipEntry(entry.getName()));
                        out.write(entry.getName().endsWith(".class") ? changed(content, change) : content);
                        out.closeEntry();
                    }
                }
            }
            return bytes.toByteArray();
        }
    }

    private static byte[] changed(byte[] classFile, Change change) {
        return switch (change) {
            case NONE -> classFile;
            case NEWER_SCHEMA -> transform(classFile, withRecords(code -> {
                code.pop().loadConstant(NEWER_SCHEMA).invokespecial(RECORD, "<init>", NEW);
                code.dup().loadConstant(ADDED_FIELD).loadConstant(1L).invokevirtual(RECORD, "put", PUT).pop();
            }));
            case UNKNOWN_RECORDS -> transform(classFile,
                    withRecords(code -> code.swap().pop().loadConstant("unknown").swap().invokespecial(RECORD, "<init>", NEW)));
            case SAVE_FAILS -> transform(classFile, withMethod("save", SAVE, Build::fail));
            case ADOPT_FAILS -> transform(classFile, withMethod("adopt", ADOPT, Build::fail));
            case ADOPT_HANGS -> transform(classFile, withMethod("adopt", ADOPT, code -> hang(code).aconst_null().areturn()));
            case RETIRE_FAILS -> transform(classFile, withEnd("retire", Build::failBadly));
            case RESUME_FAILS -> transform(classFile, withEnd("resume", Build::failBadly));
            case DISCARD_FAILS -> transform(classFile, withEnd("discard", Build::failBadly));
            case RETIRE_HANGS -> transform(classFile, withEnd("retire", code -> hang(code).return_()));
            case RESUME_HANGS -> transform(classFile, withEnd("resume", code -> hang(code).return_()));
        };
    }

    private static byte[] transform(byte[] classFile, ClassTransform transform) {
        ClassFile file = ClassFile.of();
        return file.transformClass(file.parse(classFile), transform);
    }

    /** @param construct what takes the place of the constructor's call in {@code new StateRecord(type, schema)} */
    private static ClassTransform withRecords(Consumer<CodeBuilder> construct) {
        return ClassTransform.transformingMethods(MethodTransform.transformingCode((code, element) -> {
            boolean makesRecord = element instanceof InvokeInstruction call && call.opcode() == Opcode.INVOKESPECIAL
                    && call.owner().asSymbol().equals(RECORD) && call.name().equalsString("<init>");
            if (makesRecord) {
                construct.accept(code);
            } else {
                code.with(element);
            }
        }));
    }

    private static ClassTransform withMethod(String name, MethodTypeDesc type, Consumer<CodeBuilder> body) {
        return (builder, element) -> {
            if (element instanceof MethodModel method && method.code().isPresent() && method.methodName().equalsString(name)
                    && method.methodTypeSymbol().equals(type)) {
                builder.withMethodBody(name, type, method.flags().flagsMask(), body);
            } else {
                builder.with(element);
            }
        };
    }

    /** A method without arguments of all objects that are saved, in place of what they have of that name. */
    private static ClassTransform withEnd(String name, Consumer<CodeBuilder> body) {
        return ClassTransform.ofStateful(() -> new ClassTransform() {
            private boolean isSaved;

            @Override
            public void accept(ClassBuilder builder, ClassElement element) {
                if (element instanceof MethodModel method && method.methodTypeSymbol().equals(SAVE) && method.methodName().equalsString("save")) {
                    isSaved = true;
                }
                if (!(element instanceof MethodModel method && method.methodName().equalsString(name)
                        && method.methodTypeSymbol().equals(ConstantDescs.MTD_void))) {
                    builder.with(element);
                }
            }

            @Override
            public void atEnd(ClassBuilder builder) {
                if (isSaved) {
                    builder.withMethodBody(name, ConstantDescs.MTD_void, ClassFile.ACC_PUBLIC, body);
                }
            }
        });
    }

    private static CodeBuilder hang(CodeBuilder code) {
        return code.loadConstant(Long.MAX_VALUE).invokestatic(ClassDesc.of("java.lang.Thread"), "sleep", SLEEP);
    }

    private static void failBadly(CodeBuilder code) {
        code.new_(ERROR).dup().loadConstant("no good").invokespecial(ERROR, "<init>", NEW_FAILURE).athrow();
    }

    private static void fail(CodeBuilder code) {
        code.new_(FAILURE).dup().loadConstant("no good").invokespecial(FAILURE, "<init>", NEW_FAILURE).athrow();
    }
}
