// SPDX-License-Identifier: Apache-2.0
package org.jvisor.api.state;

import java.util.function.Consumer;
import java.util.function.LongSupplier;
import java.util.function.Supplier;

/** A handle that is just a field of some object: made when handles are asked for, so that it costs nothing otherwise. */
public final class FieldHandle implements Handle {

    private final String kind;
    private final LongSupplier id;
    private final Supplier<?> get;
    private final Consumer<Object> set;

    private FieldHandle(String kind, LongSupplier id, Supplier<?> get, Consumer<Object> set) {
        this.kind = kind;
        this.id = id;
        this.get = get;
        this.set = set;
    }

    /**
     * Shows {@code visitor} a handle, unless the field is null.
     *
     * @param type what the field can hold
     */
    public static <T> void visit(Consumer<Handle> visitor, String kind, LongSupplier id, Class<T> type, Supplier<? extends T> get,
            Consumer<? super T> set) {
        if (get.get() != null) {
            visitor.accept(new FieldHandle(kind, id, get, fresh -> set.accept(type.cast(fresh))));
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
    public Object target() {
        return get.get();
    }

    @Override
    public void replace(Object fresh) {
        set.accept(fresh);
    }
}
