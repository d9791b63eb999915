// SPDX-License-Identifier: Apache-2.0
package org.jvisor.syscalls.net;

import java.lang.reflect.Proxy;
import java.util.Map;

/** Stand-ins for what a call meets. */
final class Fakes {

    /** What one method answers. */
    interface Answer {
        Object to(Object[] arguments);
    }

    private Fakes() {
    }

    /** Answers the methods of these names; any other fails the test. */
    static <T> T of(Class<T> type, Map<String, Answer> answers) {
        return type.cast(Proxy.newProxyInstance(Fakes.class.getClassLoader(), new Class<?>[] {type}, (proxy, method, arguments) -> {
            Answer answer = answers.get(method.getName());
            if (answer == null) {
                throw new UnsupportedOperationException(method.getName());
            }
            return answer.to(arguments);
        }));
    }
}
