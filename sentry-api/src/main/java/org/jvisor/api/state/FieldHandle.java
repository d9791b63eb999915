// SPDX-License-Identifier: Apache-2.0
package org.jvisor.api.state;

import java.util.function.Consumer;
import java.util.function.LongSupplier;
import java.util.function.Supplier;

/** A handle that is just a field of some object: made when handles are asked for, so that it costs nothing otherwise. */
public final class FieldHandle implements Handle {

    private final String kind;
    private final LongSupplier id;
    private final Class<?> type;
    private final Supplier<?> get;
    private final Switch<Object> set;

    /**
     * A field that others know more of than its object; see {@link Handle}.
     *
     * @param <T> what the field can hold
     */
    public interface Switch<T> {

        default void prepare(T fresh) {}

        void replace(T fresh);

        default void giveUp(T fresh) {}
    }

    private FieldHandle(String kind, LongSupplier id, Class<?> type, Supplier<?> get, Switch<Object> set) {
        this.kind = kind;
        this.id = id;
        this.type = type;
        this.get = get;
        this.set = set;
    }

    /**
     * Shows {@code visitor} a handle, unless the field is null.
     *
     * @param type what the field can hold
     */
    public static <T> void visit(Consumer<Handle> visitor, String kind, LongSupplier id, Class<T> type, Supplier<? extends T> get,
            Switch<T> set) {
        if (get.get() != null) {
            visitor.accept(new FieldHandle(kind, id, type, get, new Cast<>(type, set)));
        }
    }

    private record Cast<T>(Class<T> type, Switch<T> set) implements Switch<Object> {

        @Override
        public void prepare(Object fresh) {
            set.prepare(type.cast(fresh));
        }

        @Override
        public void replace(Object fresh) {
            set.replace(type.cast(fresh));
        }

        @Override
        public void giveUp(Object fresh) {
            set.giveUp(type.cast(fresh));
        }
    }

    @Override
    public long id() {
        return id.getAsLong();
    }

    @Override
    public String kind() {
        return kind;
    }

    @Override
    public Class<?> type() {
        return type;
    }

    @Override
    public Object target() {
        return get.get();
    }

    @Override
    public void prepare(Object fresh) {
        set.prepare(fresh);
    }

    @Override
    public void replace(Object fresh) {
        set.replace(fresh);
    }

    @Override
    public void giveUp(Object fresh) {
        set.giveUp(fresh);
    }
}
