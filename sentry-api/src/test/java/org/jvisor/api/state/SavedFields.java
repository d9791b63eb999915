// SPDX-License-Identifier: Apache-2.0
package org.jvisor.api.state;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.classfile.ClassFile;
import java.lang.classfile.ClassModel;
import java.lang.classfile.CodeElement;
import java.lang.classfile.FieldModel;
import java.lang.classfile.MethodModel;
import java.lang.classfile.constantpool.LoadableConstantEntry;
import java.lang.classfile.constantpool.MemberRefEntry;
import java.lang.classfile.constantpool.MethodHandleEntry;
import java.lang.classfile.instruction.FieldInstruction;
import java.lang.classfile.instruction.InvokeDynamicInstruction;
import java.lang.classfile.instruction.InvokeInstruction;
import java.lang.reflect.AccessFlag;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;

/**
 * Reads class files to find fields of {@link Restorable} classes that {@link Restorable#save} does not look at, or
 * {@link Restorable#restore} leaves alone: whoever adds one has to decide what becomes of it. The methods that are followed are
 * those of the class, of what it extends, and of the classes nested with them.
 */
public final class SavedFields {

    private static final String RESTORABLE = Restorable.class.getName().replace('.', '/');

    private final Map<String, ClassModel> classes = new HashMap<>();

    /** @param folder class files of one bundle */
    public SavedFields(Path folder) {
        try (Stream<Path> files = Files.walk(folder)) {
            for (Path file : files.filter(path -> path.toString().endsWith(".class")).toList()) {
                ClassModel model = ClassFile.of().parse(file);
                classes.put(model.thisClass().asInternalName(), model);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** The simple names of the classes that can be made and are Restorable. */
    public Set<String> restorables() {
        Set<String> names = new TreeSet<>();
        concrete().forEach(model -> names.add(simpleName(model)));
        return names;
    }

    /** Like "TaskImpl.registers": those that are left out. Each with the class that declares it. */
    public Set<String> leftOut() {
        Set<String> names = new TreeSet<>();
        for (ClassModel model : concrete()) {
            Set<String> saved = accessed(model, "save");
            Set<String> restored = accessed(model, "restore");
            for (ClassModel owner : chain(model)) {
                for (FieldModel field : owner.fields()) {
                    String key = owner.thisClass().asInternalName() + "." + field.fieldName().stringValue();
                    boolean left = !saved.contains(key) || !field.flags().has(AccessFlag.FINAL) && !restored.contains(key);
                    if (!field.flags().has(AccessFlag.STATIC) && !field.flags().has(AccessFlag.SYNTHETIC) && left) {
                        names.add(simpleName(owner) + "." + field.fieldName().stringValue());
                    }
                }
            }
        }
        return names;
    }

    private List<ClassModel> concrete() {
        return classes.values().stream()
                .filter(model -> !model.flags().has(AccessFlag.ABSTRACT) && !model.flags().has(AccessFlag.INTERFACE))
                .filter(model -> chain(model).stream().anyMatch(this::saysSo)).toList();
    }

    /** Itself, or by an interface of this bundle. */
    private boolean saysSo(ClassModel model) {
        return model.interfaces().stream().map(entry -> entry.asInternalName())
                .anyMatch(name -> name.equals(RESTORABLE) || classes.containsKey(name) && saysSo(classes.get(name)));
    }

    /** The class and what it extends, in this bundle. */
    private List<ClassModel> chain(ClassModel model) {
        return Stream.iterate(model, Objects::nonNull,
                one -> one.superclass().map(entry -> classes.get(entry.asInternalName())).orElse(null)).toList();
    }

    private static String simpleName(ClassModel model) {
        String name = model.thisClass().asInternalName();
        return name.substring(name.lastIndexOf('/') + 1);
    }

    /** Fields that a method of that name, taking or giving a record, gets or sets, by itself or by what it calls. */
    private Set<String> accessed(ClassModel model, String name) {
        Set<String> fields = new HashSet<>();
        Set<MethodModel> seen = new HashSet<>();
        Deque<MethodModel> open = new ArrayDeque<>();
        String record = "L" + StateRecord.class.getName().replace('.', '/') + ";";
        enter(find(model, name, name.equals("save") ? "()" + record : "(" + record + ")V"), seen, open);
        for (MethodModel method = open.poll(); method != null; method = open.poll()) {
            for (CodeElement element : method.code().map(code -> code.elementList()).orElse(List.of())) {
                switch (element) {
                    case FieldInstruction field ->
                        fields.add(declared(field.owner().asInternalName(), field.name().stringValue()));
                    case InvokeInstruction call -> follow(model, call.method(), seen, open);
                    case InvokeDynamicInstruction lambda -> {
                        for (LoadableConstantEntry argument : lambda.invokedynamic().bootstrap().arguments()) {
                            if (argument instanceof MethodHandleEntry handle) {
                                follow(model, handle.reference(), seen, open);
                            }
                        }
                    }
                    default -> { }
                }
            }
        }
        return fields;
    }

    private void follow(ClassModel model, MemberRefEntry called, Set<MethodModel> seen, Deque<MethodModel> open) {
        ClassModel owner = classes.get(called.owner().asInternalName());
        if (owner == null) {
            return;
        }
        String name = called.name().stringValue();
        String type = called.type().stringValue();
        if (chain(model).contains(owner)) {
            // What overrides it, and what is called by super.
            enter(find(model, name, type), seen, open);
            enter(find(owner, name, type), seen, open);
        } else if (chain(model).stream().anyMatch(one -> outermost(one).equals(outermost(owner)))) {
            enter(find(owner, name, type), seen, open);
        }
    }

    private static String outermost(ClassModel model) {
        String name = model.thisClass().asInternalName();
        int inner = name.indexOf('$');
        return inner < 0 ? name : name.substring(0, inner);
    }

    private MethodModel find(ClassModel from, String name, String type) {
        for (ClassModel model : chain(from)) {
            for (MethodModel method : model.methods()) {
                if (method.methodName().equalsString(name) && method.methodType().equalsString(type)) {
                    return method;
                }
            }
        }
        return null;
    }

    private static void enter(MethodModel method, Set<MethodModel> seen, Deque<MethodModel> open) {
        if (method != null && seen.add(method)) {
            open.add(method);
        }
    }

    /** An inherited field is named after whoever declares it. */
    private String declared(String owner, String name) {
        if (classes.containsKey(owner)) {
            for (ClassModel model : chain(classes.get(owner))) {
                if (model.fields().stream().anyMatch(field -> field.fieldName().equalsString(name))) {
                    return model.thisClass().asInternalName() + "." + name;
                }
            }
        }
        return owner + "." + name;
    }
}
