// SPDX-License-Identifier: Apache-2.0
package org.jvisor.launcher.json;

import com.google.gson.Strictness;
import com.google.gson.stream.JsonReader;
import com.google.gson.stream.JsonToken;
import com.google.gson.stream.MalformedJsonException;
import java.io.EOFException;
import java.io.IOException;
import java.io.StringReader;
import java.math.BigDecimal;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jvisor.launcher.ByteStrings;
import org.jvisor.launcher.RunscException;

/**
 * A value of a JSON text that knows where it stands. Everything that is not as asked for is a {@link RunscException} that names
 * the place, such as {@code process.args[0]: expected a string, found a number}.
 */
public final class JsonNode {
    private final String path;
    private final Object value;

    /** A number keeps its text, since doubles do not hold all 64-bit integers. */
    private record JsonNumber(String text) {}

    private JsonNode(String path, Object value) {
        this.path = path;
        this.value = value;
    }

    public static JsonNode parse(byte[] utf8) {
        try (JsonReader reader = new JsonReader(new StringReader(StandardCharsets.UTF_8.newDecoder().decode(
                ByteBuffer.wrap(utf8)).toString()))) {
            reader.setStrictness(Strictness.STRICT);
            Object value = read(reader);
            if (reader.peek() != JsonToken.END_DOCUMENT) {
                throw new RunscException("text after the end of the JSON value");
            }
            return new JsonNode("", value);
        } catch (CharacterCodingException e) {
            throw new RunscException("not UTF-8 text");
        } catch (EOFException e) {
            throw new RunscException("unexpected end of JSON input");
        } catch (MalformedJsonException e) {
            // The first line only: the second is advice for programmers.
            throw new RunscException("malformed JSON: " + e.getMessage().lines().findFirst().orElse(""));
        } catch (IOException e) {
            throw new RunscException("malformed JSON: " + e.getMessage());
        }
    }

    private static Object read(JsonReader reader) throws IOException {
        switch (reader.peek()) {
            case BEGIN_OBJECT -> {
                Map<String, Object> members = new LinkedHashMap<>();
                reader.beginObject();
                while (reader.hasNext()) {
                    members.put(reader.nextName(), read(reader));
                }
                reader.endObject();
                return members;
            }
            case BEGIN_ARRAY -> {
                List<Object> items = new ArrayList<>();
                reader.beginArray();
                while (reader.hasNext()) {
                    items.add(read(reader));
                }
                reader.endArray();
                return items;
            }
            case STRING -> {
                return reader.nextString();
            }
            case NUMBER -> {
                return new JsonNumber(reader.nextString());
            }
            case BOOLEAN -> {
                return reader.nextBoolean();
            }
            case NULL -> {
                reader.nextNull();
                return null;
            }
            default -> throw new MalformedJsonException("a value is missing");
        }
    }

    public String path() {
        return path;
    }

    /** Whether there is anything here: null counts as nothing, as it does for Go's programs. */
    public boolean exists() {
        return value != null;
    }

    public JsonNode get(String name) {
        String below = path.isEmpty() ? name : path + "." + name;
        return switch (value) {
            case null -> new JsonNode(below, null);
            case Map<?, ?> members -> new JsonNode(below, members.get(name));
            default -> throw expected("an object");
        };
    }

    public List<JsonNode> items() {
        return switch (value) {
            case null -> List.of();
            case List<?> list -> {
                List<JsonNode> nodes = new ArrayList<>(list.size());
                for (Object item : list) {
                    nodes.add(new JsonNode(path + "[" + nodes.size() + "]", item));
                }
                yield nodes;
            }
            default -> throw expected("an array");
        };
    }

    /** As bytes of UTF-8, one char each, without a zero byte; the empty string when there is nothing. */
    public String text() {
        return switch (value) {
            case null -> "";
            case String text when text.indexOf('\0') >= 0 -> throw error("holds a zero byte");
            case String text -> ByteStrings.fromUnicode(text);
            default -> throw expected("a string");
        };
    }

    public List<String> texts() {
        return items().stream().map(JsonNode::text).toList();
    }

    public boolean bool() {
        return switch (value) {
            case null -> false;
            case Boolean bool -> bool;
            default -> throw expected("true or false");
        };
    }

    public long number(long least, long most) {
        if (value == null) {
            return 0;
        }
        if (!(value instanceof JsonNumber number)) {
            throw expected("a number");
        }
        try {
            long found = new BigDecimal(number.text).longValueExact();
            if (found >= least && found <= most) {
                return found;
            }
        } catch (ArithmeticException | NumberFormatException e) {
            // said below
        }
        throw error(number.text + " is not a whole number from " + least + " to " + most);
    }

    /** A 64-bit number without a sign. */
    public long unsigned() {
        if (value == null) {
            return 0;
        }
        if (!(value instanceof JsonNumber number)) {
            throw expected("a number");
        }
        try {
            return Long.parseUnsignedLong(number.text);
        } catch (NumberFormatException e) {
            throw error(number.text + " is not a whole number from 0 to 2^64-1");
        }
    }

    public RunscException error(String problem) {
        return new RunscException(path + ": " + problem);
    }

    private RunscException expected(String what) {
        String found = switch (value) {
            case null -> "nothing";
            case Map<?, ?> members -> "an object";
            case List<?> items -> "an array";
            case String text -> "a string";
            case Boolean bool -> "true or false";
            default -> "a number";
        };
        return new RunscException((path.isEmpty() ? "the JSON text" : path) + ": expected " + what + ", found " + found);
    }
}
