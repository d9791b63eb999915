// SPDX-License-Identifier: Apache-2.0
package org.jvisor.itests.osgi;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.lang.classfile.ClassFile;
import java.lang.classfile.ClassTransform;
import java.lang.classfile.CodeTransform;
import java.lang.classfile.MethodTransform;
import java.lang.classfile.Opcode;
import java.lang.classfile.instruction.InvokeInstruction;
import java.lang.constant.ClassDesc;
import java.lang.constant.ConstantDescs;
import java.lang.constant.MethodTypeDesc;
import java.util.Collections;
import java.util.jar.JarEntry;
import java.util.jar.JarFile;
import java.util.jar.JarOutputStream;
import java.util.jar.Manifest;
import java.util.zip.ZipEntry;

/** Other builds of a bundle of the distribution: the same source, another version. */
public final class Build {

    /** What a build with a newer schema calls it, and the field that it adds to each record. */
    private static final int NEWER_SCHEMA = 2;
    private static final String ADDED_FIELD = "addedByANewerVersion";

    private static final ClassDesc RECORD = ClassDesc.of("org.jvisor.api.state.StateRecord");
    private static final MethodTypeDesc NEW = MethodTypeDesc.of(ConstantDescs.CD_void, ConstantDescs.CD_String, ConstantDescs.CD_int);
    private static final MethodTypeDesc PUT = MethodTypeDesc.of(RECORD, ConstantDescs.CD_String, ConstantDescs.CD_long);

    private Build() {
    }

    /** @param newerSchema whether its records say that they are of a newer schema, and have a field that no other version knows */
    public static byte[] of(String symbolicName, String version, boolean newerSchema) throws IOException {
        try (JarFile jar = new JarFile(Distribution.jar(symbolicName).toFile())) {
            Manifest manifest = new Manifest(jar.getManifest());
            manifest.getMainAttributes().putValue("Bundle-Version", version);
            ByteArrayOutputStream bytes = new ByteArrayOutputStream();
            try (JarOutputStream out = new JarOutputStream(bytes, manifest)) {
                for (JarEntry entry : Collections.list(jar.entries())) {
                    if (!entry.isDirectory() && !entry.getName().equals(JarFile.MANIFEST_NAME)) {
                        byte[] content = jar.getInputStream(entry).readAllBytes();
                        out.putNextEntry(new ZipEntry(entry.getName()));
                        out.write(newerSchema && entry.getName().endsWith(".class") ? withNewerSchema(content) : content);
                        out.closeEntry();
                    }
                }
            }
            return bytes.toByteArray();
        }
    }

    /** After {@code new StateRecord(type, schema)}, whose schema is replaced, comes {@code put(ADDED_FIELD, 1)}. */
    private static byte[] withNewerSchema(byte[] classFile) {
        CodeTransform inCode = (code, element) -> {
            boolean makesRecord = element instanceof InvokeInstruction call && call.opcode() == Opcode.INVOKESPECIAL
                    && call.owner().asSymbol().equals(RECORD) && call.name().equalsString("<init>");
            if (makesRecord) {
                code.pop().loadConstant(NEWER_SCHEMA).invokespecial(RECORD, "<init>", NEW);
                code.dup().loadConstant(ADDED_FIELD).loadConstant(1L).invokevirtual(RECORD, "put", PUT).pop();
            } else {
                code.with(element);
            }
        };
        ClassFile file = ClassFile.of();
        return file.transformClass(file.parse(classFile), ClassTransform.transformingMethods(MethodTransform.transformingCode(inCode)));
    }
}
