// SPDX-License-Identifier: Apache-2.0
package org.jvisor.core.signal;

import java.util.concurrent.atomic.AtomicReferenceArray;
import org.jvisor.api.abi.Signals;
import org.jvisor.api.kernel.SignalAction;
import org.jvisor.api.state.Restorable;
import org.jvisor.api.state.StateRecord;

/** A table of signal actions; more than one thread group's with CLONE_SIGHAND. Any thread. */
public final class SignalActions implements Restorable {

    private final AtomicReferenceArray<SignalAction> actions = new AtomicReferenceArray<>(Signals.NSIG + 1);

    public SignalAction get(int signal) {
        SignalAction action = actions.get(signal);
        return action == null ? SignalAction.DEFAULT : action;
    }

    public SignalAction set(int signal, SignalAction action) {
        SignalAction old = actions.getAndSet(signal, action);
        return old == null ? SignalAction.DEFAULT : old;
    }

    /** The default action again; the rest stays as it was (SA_RESETHAND of sigaction(2)). */
    void reset(int signal) {
        SignalAction old = get(signal);
        actions.set(signal, new SignalAction(Signals.SIG_DFL, old.flags(), old.restorer(), old.mask()));
    }

    public SignalActions copy() {
        SignalActions copy = new SignalActions();
        for (int signal = 1; signal <= Signals.NSIG; signal++) {
            copy.actions.setPlain(signal, actions.get(signal));
        }
        return copy;
    }

    /** What execve(2) and CLONE_CLEAR_SIGHAND leave: handlers become the default, what is ignored stays so. */
    public SignalActions copyWithoutHandlers() {
        SignalActions copy = new SignalActions();
        for (int signal = 1; signal <= Signals.NSIG; signal++) {
            if (get(signal).handler() == Signals.SIG_IGN) {
                copy.actions.setPlain(signal, SignalAction.IGNORE);
            }
        }
        return copy;
    }

    public boolean ignores(int signal) {
        long handler = get(signal).handler();
        return handler == Signals.SIG_IGN
                || handler == Signals.SIG_DFL && Signals.contains(Signals.IGNORED_BY_DEFAULT, signal);
    }

    // ---- Restorable

    @Override
    public StateRecord save() {
        StateRecord record = new StateRecord("signal actions", 1).putList("actions");
        for (int signal = 1; signal <= Signals.NSIG; signal++) {
            SignalAction action = actions.get(signal);
            if (action != null) {
                record.add("actions").put("signal", signal).put("handler", action.handler()).put("flags", action.flags())
                        .put("restorer", action.restorer()).put("mask", action.mask());
            }
        }
        return record;
    }

    @Override
    public void forget() {
        for (int signal = 1; signal <= Signals.NSIG; signal++) {
            actions.set(signal, null);
        }
    }

    @Override
    public void restore(StateRecord record) {
        for (StateRecord r : record.items("actions")) {
            actions.set(r.requireInt("signal"), new SignalAction(r.requireLong("handler"), r.requireLong("flags"),
                    r.requireLong("restorer"), r.requireLong("mask")));
        }
    }
}
