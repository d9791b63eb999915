// SPDX-License-Identifier: Apache-2.0
package org.jvisor.fs.proc;

import java.lang.reflect.Proxy;
import java.util.HashMap;
import java.util.Map;
import java.util.function.Function;
import org.jvisor.api.kernel.Call;
import org.jvisor.api.kernel.Usage;

/** Stands in for an interface: answers methods by name with what it was told, and the rest with 0, false, null or "". */
final class Fake {
    private final Map<String, Function<Object[], Object>> answers = new HashMap<>();

    Fake with(String method, Object value) {
        answers.put(method, arguments -> value);
        return this;
    }

    /** {@link #with}, unless it knows an answer already. */
    Fake orElse(String method, Object value) {
        answers.putIfAbsent(method, arguments -> value);
        return this;
    }

    Fake when(String method, Function<Object[], Object> answer) {
        answers.put(method, answer);
        return this;
    }

    <T> T as(Class<T> type) {
        return type.cast(Proxy.newProxyInstance(type.getClassLoader(), new Class<?>[] {type}, (proxy, method, arguments) -> {
            Function<Object[], Object> answer = answers.get(method.getName());
            if (answer != null) {
                return answer.apply(arguments);
            }
            return switch (method.getName()) {
                case "equals" -> proxy == arguments[0];
                case "hashCode" -> System.identityHashCode(proxy);
                case "toString" -> type.getSimpleName();
                default -> nothing(method.getReturnType());
            };
        }));
    }

    private static Object nothing(Class<?> type) {
        if (type == int.class) {
            return 0;
        } else if (type == long.class) {
            return 0L;
        } else if (type == boolean.class) {
            return false;
        } else if (type == char.class) {
            return 'S';
        }
        if (type == Call.class) {
            return new Call();
        }
        if (type == Usage.class) {
            return new Usage();
        }
        return type == String.class ? "" : null;
    }
}
