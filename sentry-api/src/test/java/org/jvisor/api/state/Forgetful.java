// SPDX-License-Identifier: Apache-2.0
package org.jvisor.api.state;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.lang.reflect.Array;
import java.lang.reflect.Field;
import java.lang.reflect.Modifier;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicLongArray;
import java.util.concurrent.atomic.AtomicReferenceArray;
import java.util.stream.IntStream;

/** Passes objects of the core through a stream, and sees to it that they forget all that they hold: so no field can be left out. */
public final class Forgetful {

    private Forgetful() {
    }

    /**
     * A round trip of {@code object}, alone.
     *
     * @param kept the fields that can change, and that others tell again, or that last no longer than a call
     */
    public static void roundTrip(Restorable object, String... kept) {
        new CoreRoundTrip(List.of(new Alone(object, List.of(kept)))).run();
    }

    private record Alone(Restorable object, List<String> kept) implements Restorable {

        @Override
        public StateRecord save() {
            return object.save();
        }

        @Override
        public void forget() {
            object.forget();
            assertEquals(List.of(), remembered(object, kept), () -> "what a " + object.getClass().getName() + " does not forget");
        }

        @Override
        public void restore(StateRecord record) {
            object.restore(record);
        }
    }

    private static List<String> remembered(Object object, List<String> kept) {
        List<String> names = new ArrayList<>();
        for (Class<?> type = object.getClass(); type != Object.class; type = type.getSuperclass()) {
            for (Field field : type.getDeclaredFields()) {
                if (!Modifier.isStatic(field.getModifiers()) && !kept.contains(field.getName()) && !isEmpty(field, object)) {
                    names.add(field.getName());
                }
            }
        }
        return names;
    }

    /** What cannot change counts as empty, unless what it refers to holds something. */
    private static boolean isEmpty(Field field, Object object) {
        Object value;
        try {
            field.setAccessible(true);
            value = field.get(object);
        } catch (IllegalAccessException e) {
            throw new IllegalStateException(e);
        }
        return switch (value) {
            case null -> true;
            case Collection<?> all -> all.isEmpty();
            case Map<?, ?> all -> all.isEmpty();
            case AtomicInteger number -> number.get() == 0;
            case AtomicLong number -> number.get() == 0;
            case AtomicLongArray all -> IntStream.range(0, all.length()).allMatch(i -> all.get(i) == 0);
            case AtomicReferenceArray<?> all -> IntStream.range(0, all.length()).allMatch(i -> all.get(i) == null);
            case Object array when array.getClass().isArray() && !array.getClass().getComponentType().isPrimitive() -> isClear(array);
            case Object other when Modifier.isFinal(field.getModifiers()) -> !other.getClass().isArray() || isClear(other);
            case Boolean flag -> !flag;
            case Number number -> number.longValue() == 0;
            default -> false;
        };
    }

    private static boolean isClear(Object array) {
        for (int i = 0; i < Array.getLength(array); i++) {
            Object one = Array.get(array, i);
            if (one != null && !(one instanceof Number number && number.longValue() == 0)) {
                return false;
            }
        }
        return true;
    }
}
