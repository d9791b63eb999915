// SPDX-License-Identifier: Apache-2.0
package org.jvisor.itests.swap;

import java.io.IOException;
import java.io.InputStream;
import org.jvisor.api.state.Driver;
import org.jvisor.api.state.StateException;
import org.jvisor.api.state.StateRecord;
import org.jvisor.api.state.Stateful;

/** Takes over from a driver that serves, as its bundle's file "driver" says. */
public final class EvilDriver implements Driver {

    private final String deed;

    public EvilDriver() throws IOException {
        try (InputStream in = EvilDriver.class.getResourceAsStream("/driver")) {
            deed = new String(in.readAllBytes());
        }
    }

    /** An object of the bundle's own that can do nobody's work. */
    public static final class Useless implements Stateful {
        private final StateRecord record;

        Useless(StateRecord record) {
            this.record = record;
        }

        @Override
        public StateRecord save() {
            return record;
        }
    }

    @Override
    public Stateful adopt(StateRecord record) {
        return switch (deed) {
            case "null" -> null;
            case "error" -> throw new StackOverflowError();
            case "long" -> throw new StateException("two\nlines");
            default -> new Useless(record);
        };
    }

    @Override
    public boolean owns(Object object) {
        return switch (deed) {
            case "all" -> true;
            case "none" -> false;
            case "owns fails" -> throw new IllegalStateException("no good");
            default -> Driver.super.owns(object);
        };
    }
}
