// SPDX-License-Identifier: Apache-2.0
package org.jvisor.core;

import java.lang.reflect.InvocationHandler;
import java.lang.reflect.Proxy;
import java.util.HashMap;
import java.util.Map;

/** Objects that answer just the methods that a test needs, by name; the others fail. */
public final class Fakes {

    public interface Answer {
        Object to(Object[] arguments);
    }

    private final Map<String, Answer> answers = new HashMap<>();

    public Fakes on(String method, Answer answer) {
        answers.put(method, answer);
        return this;
    }

    /** Does nothing. */
    public Fakes ignore(String... methods) {
        for (String method : methods) {
            on(method, a -> null);
        }
        return this;
    }

    public <T> T as(Class<T> type) {
        InvocationHandler handler = (self, method, arguments) -> {
            Answer answer = answers.get(method.getName());
            if (answer != null) {
                return answer.to(arguments);
            }
            return switch (method.getName()) {
                case "equals" -> self == arguments[0];
                case "hashCode" -> System.identityHashCode(self);
                case "toString" -> type.getSimpleName();
                default -> {
                    if (method.isDefault()) {
                        yield InvocationHandler.invokeDefault(self, method, arguments);
                    }
                    throw new UnsupportedOperationException(method.toString());
                }
            };
        };
        return type.cast(Proxy.newProxyInstance(type.getClassLoader(), new Class<?>[] {type}, handler));
    }
}
