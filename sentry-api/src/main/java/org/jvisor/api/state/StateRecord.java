// SPDX-License-Identifier: Apache-2.0
package org.jvisor.api.state;

import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;

/**
 * What an object is made of: a type, the version of the schema it was written by, and named fields. A field is a whole number, a
 * text of one char a byte, bytes, numbers, further records, a reference to an object of the same driver ({@link #putOwn}) or to
 * one of the core ({@link #putCore}, {@link #putCores}).
 *
 * <p>A reader takes the fields that it knows and skips the others; for one that is not there it says what holds then, or requires
 * it. So a version can read what an older or a newer one has written. Not for several threads.
 */
public final class StateRecord {

    private final String type;
    private final int schema;
    private final Map<String, Object> fields = new LinkedHashMap<>();
    private Function<Object, Object> successors = Function.identity();

    /** A reference to an object of the driver that writes the record. */
    record Own(Stateful object) {}

    /** A reference to an object of the core, which stays. */
    record Core(Object object) {}

    /** References to objects of the core, or null. */
    record Cores(List<?> objects) {}

    /**
     * @param type like {@code tmpfs.file}: the bundle's word, a dot, the kind of object
     * @param schema 1, and one more with each change that an older reader has to know of
     */
    public StateRecord(String type, int schema) {
        this.type = type;
        this.schema = schema;
    }

    public String type() {
        return type;
    }

    public int schema() {
        return schema;
    }

    /** The names of the fields, in the order in which they were written. */
    public Iterable<String> names() {
        return Collections.unmodifiableSet(fields.keySet());
    }

    // ---- writing

    public StateRecord put(String name, long value) {
        return enter(name, value);
    }

    public StateRecord put(String name, boolean value) {
        return enter(name, value ? 1L : 0L);
    }

    /** @param value null: the field is not there */
    public StateRecord put(String name, String value) {
        return value == null ? this : enter(name, value);
    }

    /** @param value not changed afterwards; null: the field is not there */
    public StateRecord put(String name, byte[] value) {
        return value == null ? this : enter(name, value);
    }

    /** @param value not changed afterwards; null: the field is not there */
    public StateRecord put(String name, long[] value) {
        return value == null ? this : enter(name, value);
    }

    /** A reference to another object of the same driver, which is saved as well; null: the field is not there. */
    public StateRecord putOwn(String name, Stateful object) {
        return object == null ? this : enter(name, new Own(object));
    }

    /** A reference to an object of the core, which stays what it is; null: the field is not there. */
    public StateRecord putCore(String name, Object object) {
        return object == null ? this : enter(name, new Core(object));
    }

    /** References to objects of the core, in their order; some may be null. */
    public StateRecord putCores(String name, List<?> objects) {
        return enter(name, new Cores(objects));
    }

    /**
     * A reference to an object that may be one of the same driver or of another: {@link #putOwn} or {@link #putCore}, whichever fits.
     * It is read by {@link #own}.
     */
    public StateRecord putAny(String name, Object object) {
        return object instanceof Stateful stateful ? putOwn(name, stateful) : putCore(name, object);
    }

    /** Adds a record to the list of that name; its type is the name. */
    public StateRecord add(String name) {
        StateRecord item = new StateRecord(name, schema);
        listToWrite(name).add(item);
        return item;
    }

    /** The list of that name is there, though it may stay empty. */
    public StateRecord putList(String name) {
        listToWrite(name);
        return this;
    }

    private List<StateRecord> listToWrite(String name) {
        Object known = fields.get(name);
        if (known == null) {
            List<StateRecord> fresh = new ArrayList<>();
            fields.put(name, fresh);
            return fresh;
        }
        return list(name, known);
    }

    StateRecord enter(String name, Object value) {
        if (fields.put(name, value) != null) {
            throw new StateException(place(name) + ": written twice");
        }
        return this;
    }

    // ---- reading

    public boolean has(String name) {
        return fields.containsKey(name);
    }

    public long getLong(String name, long ifMissing) {
        Object value = fields.get(name);
        return value == null ? ifMissing : cast(name, value, Long.class);
    }

    public long requireLong(String name) {
        return cast(name, require(name), Long.class);
    }

    public int getInt(String name, int ifMissing) {
        return (int) getLong(name, ifMissing);
    }

    public int requireInt(String name) {
        return (int) requireLong(name);
    }

    public boolean getBoolean(String name, boolean ifMissing) {
        return getLong(name, ifMissing ? 1 : 0) != 0;
    }

    public String getString(String name, String ifMissing) {
        Object value = fields.get(name);
        return value == null ? ifMissing : cast(name, value, String.class);
    }

    public String requireString(String name) {
        return cast(name, require(name), String.class);
    }

    /** Null when it is missing. */
    public byte[] getBytes(String name) {
        Object value = fields.get(name);
        return value == null ? null : cast(name, value, byte[].class);
    }

    /** Null when it is missing. */
    public long[] getLongs(String name) {
        Object value = fields.get(name);
        return value == null ? null : cast(name, value, long[].class);
    }

    /** The records of a list; none when it is missing. */
    public List<StateRecord> items(String name) {
        Object value = fields.get(name);
        if (value == null) {
            return List.of();
        }
        List<StateRecord> items = list(name, value);
        for (StateRecord item : items) {
            item.successors = successors;
        }
        return items;
    }

    /**
     * The successor of the object of this driver that the field refers to; null when it is missing. In {@link Driver#adopt} it is
     * made when it is not there yet, so that such references must not lead in a circle; those that do are for
     * {@link Stateful#link}.
     */
    public <T> T own(String name, Class<T> expected) {
        Object value = fields.get(name);
        if (value == null || value instanceof Core) {
            return core(name, expected);
        }
        return expected(name, successors.apply(cast(name, value, Own.class).object), expected);
    }

    public <T> T requireOwn(String name, Class<T> expected) {
        require(name);
        return own(name, expected);
    }

    /** The object of the core that the field refers to; null when it is missing. */
    public <T> T core(String name, Class<T> expected) {
        Object value = fields.get(name);
        return value == null ? null : expected(name, successors.apply(cast(name, value, Core.class).object), expected);
    }

    /** The objects of the core that the field refers to, null among them where it was; none when it is missing. */
    public List<Object> cores(String name) {
        Object value = fields.get(name);
        List<Object> found = new ArrayList<>();
        if (value != null) {
            for (Object object : cast(name, value, Cores.class).objects) {
                found.add(object == null ? null : successors.apply(object));
            }
        }
        return found;
    }

    public <T> T requireCore(String name, Class<T> expected) {
        require(name);
        return core(name, expected);
    }

    /** The field is what never changed: {@code known}. */
    public void expect(String name, long known) {
        if (requireLong(name) != known) {
            throw refuse(name, requireLong(name) + " instead of " + known);
        }
    }

    /** The field refers to what never changed: {@code known}; null: it is not there. */
    public void expectCore(String name, Object known) {
        if (core(name, Object.class) != known) {
            throw refuse(name, "refers to another object than before");
        }
    }

    /** A refusal that names this record and a field of it. */
    public StateException refuse(String name, String reason) {
        return new StateException(place(name) + ": " + reason);
    }

    private Object require(String name) {
        Object value = fields.get(name);
        if (value == null) {
            throw new StateException(place(name) + ": missing");
        }
        return value;
    }

    private <T> T cast(String name, Object value, Class<T> expected) {
        if (!expected.isInstance(value)) {
            throw new StateException(place(name) + ": is no " + expected.getSimpleName());
        }
        return expected.cast(value);
    }

    private <T> T expected(String name, Object object, Class<T> expected) {
        if (!expected.isInstance(object)) {
            throw new StateException(place(name) + ": refers to a " + object.getClass().getName() + ", not to a " + expected.getName());
        }
        return expected.cast(object);
    }

    @SuppressWarnings("unchecked")
    private List<StateRecord> list(String name, Object value) {
        return (List<StateRecord>) cast(name, value, List.class);
    }

    private String place(String name) {
        return type + " (schema " + schema + "), field " + name;
    }

    // ---- for those who carry records

    /** What this record, and the ones in it, refer to by {@link #putOwn}. */
    public void forEachOwn(java.util.function.Consumer<Stateful> visitor) {
        for (Object value : fields.values()) {
            if (value instanceof Own own) {
                visitor.accept(own.object);
            } else if (value instanceof List<?> items) {
                for (Object item : items) {
                    ((StateRecord) item).forEachOwn(visitor);
                }
            }
        }
    }

    /**
     * From now on {@link #own}, {@link #core} and {@link #cores} give what {@code find} says is the successor of the object that was
     * referred to.
     */
    public void resolveBy(Function<Object, Object> find) {
        successors = find;
    }

    Map<String, Object> fields() {
        return fields;
    }
}
