// SPDX-License-Identifier: Apache-2.0
package org.jvisor.rules;

import java.lang.classfile.ClassFile;
import java.lang.classfile.ClassModel;
import java.lang.classfile.CodeElement;
import java.lang.classfile.CodeModel;
import java.lang.classfile.MethodModel;
import java.lang.classfile.constantpool.ClassEntry;
import java.lang.classfile.constantpool.LoadableConstantEntry;
import java.lang.classfile.constantpool.MemberRefEntry;
import java.lang.classfile.constantpool.MethodTypeEntry;
import java.lang.classfile.constantpool.NameAndTypeEntry;
import java.lang.classfile.constantpool.PoolEntry;
import java.lang.classfile.instruction.ConstantInstruction.LoadConstantInstruction;
import java.lang.classfile.instruction.MonitorInstruction;
import java.lang.classfile.instruction.NewMultiArrayInstruction;
import java.lang.classfile.instruction.NewObjectInstruction;
import java.lang.classfile.instruction.NewReferenceArrayInstruction;
import java.lang.classfile.instruction.TypeCheckInstruction;
import java.lang.constant.ClassDesc;
import java.lang.constant.MethodTypeDesc;
import java.lang.reflect.AccessFlag;
import java.util.Set;
import java.util.TreeSet;

/**
 * What a class file refers to: all that the virtual machine may resolve. Not each class of the constant pool counts: the compiler
 * leaves those there whose constants it has taken over.
 */
final class ClassUses {
    private final String name;
    private final Set<String> classes = new TreeSet<>();
    private final Set<String> members = new TreeSet<>();
    private boolean hasNativeMethods;
    private boolean hasMonitors;

    private ClassUses(String name) {
        this.name = name;
    }

    static ClassUses of(byte[] classFile) {
        ClassModel model = ClassFile.of().parse(classFile);
        ClassUses uses = new ClassUses(model.thisClass().asInternalName().replace('/', '.'));
        for (PoolEntry entry : model.constantPool()) {
            switch (entry) {
                case NameAndTypeEntry member when member.type().stringValue().startsWith("(") ->
                    uses.add(MethodTypeDesc.ofDescriptor(member.type().stringValue()));
                case NameAndTypeEntry member -> uses.add(ClassDesc.ofDescriptor(member.type().stringValue()));
                case MethodTypeEntry type -> uses.add(type.asSymbol());
                case MemberRefEntry member -> {
                    uses.add(member.owner().asSymbol());
                    uses.members.add(member.owner().asInternalName().replace('/', '.') + "." + member.name().stringValue());
                }
                default -> { }
            }
        }
        model.superclass().ifPresent(type -> uses.add(type.asSymbol()));
        model.interfaces().forEach(type -> uses.add(type.asSymbol()));
        for (int i = 0; i < model.constantPool().bootstrapMethodCount(); i++) {
            model.constantPool().bootstrapMethodEntry(i).arguments().forEach(uses::addConstant);
        }
        model.fields().forEach(field -> uses.add(field.fieldTypeSymbol()));
        for (MethodModel method : model.methods()) {
            uses.add(method.methodTypeSymbol());
            uses.hasNativeMethods |= method.flags().has(AccessFlag.NATIVE);
            uses.hasMonitors |= method.flags().has(AccessFlag.SYNCHRONIZED);
            method.code().ifPresent(uses::add);
        }
        return uses;
    }

    private void add(CodeModel code) {
        for (CodeElement element : code) {
            switch (element) {
                case TypeCheckInstruction check -> add(check.type().asSymbol());
                case NewObjectInstruction made -> add(made.className().asSymbol());
                case NewReferenceArrayInstruction made -> add(made.componentType().asSymbol());
                case NewMultiArrayInstruction made -> add(made.arrayType().asSymbol());
                case LoadConstantInstruction load -> addConstant(load.constantEntry());
                case MonitorInstruction _ -> hasMonitors = true;
                default -> { }
            }
        }
        code.exceptionHandlers().forEach(handler -> handler.catchType().ifPresent(type -> add(type.asSymbol())));
    }

    private void addConstant(LoadableConstantEntry constant) {
        if (constant instanceof ClassEntry type) {
            add(type.asSymbol());
        }
    }

    private void add(MethodTypeDesc type) {
        add(type.returnType());
        type.parameterList().forEach(this::add);
    }

    private void add(ClassDesc type) {
        ClassDesc element = type;
        while (element.isArray()) {
            element = element.componentType();
        }
        if (element.isClassOrInterface()) {
            classes.add(element.packageName().isEmpty() ? element.displayName() : element.packageName() + "." + element.displayName());
        }
    }

    String name() {
        return name;
    }

    Set<String> classes() {
        return classes;
    }

    /** Fields and methods, each after its owner and a dot. */
    Set<String> members() {
        return members;
    }

    boolean hasNativeMethods() {
        return hasNativeMethods;
    }

    /** Whether anything in it is {@code synchronized}. */
    boolean hasMonitors() {
        return hasMonitors;
    }

    static String packageOf(String className) {
        return className.substring(0, Math.max(0, className.lastIndexOf('.')));
    }
}
