// SPDX-License-Identifier: Apache-2.0
package org.jvisor.platform.ptrace;

import org.jvisor.api.platform.UserSpace;
import org.jvisor.api.state.StateRecord;

/**
 * Where the stub's page is and where what in it: offsets into the page. Stubs keep the page that they were made with, so a later
 * version of this code works with the entries that its predecessor tells of, not with those of its own {@link StubImage}.
 *
 * @param page its address
 * @param call where a system call of the Sentry's choice starts, and the address that the stub has when it is done
 * @param fork the same for clone(2), whose child goes its own way
 * @param batch the same for up to {@link StubImage#BATCH} calls that change mappings; RCX then tells where the last one returned
 * @param batchReturns after each call of a batch
 */
record StubEntries(long page, int call, int callDone, int fork, int forkDone, int batch, int batchDone, long[] batchReturns) {
    /** How {@link StubImage#pack} and {@link StubImage#packRange} put a call into registers, for the code in the page. */
    private static final int BATCH_FORMAT = 1;

    void save(StateRecord record) {
        record.put("page", page).put("page.call", call).put("page.call-done", callDone).put("page.fork", fork)
            .put("page.fork-done", forkDone).put("page.batch", batch).put("page.batch-done", batchDone)
            .put("page.batch-returns", batchReturns).put("page.batch-format", BATCH_FORMAT);
    }

    static StubEntries adopt(StateRecord record) {
        long page = record.requireLong("page");
        if (page < UserSpace.END) {
            throw record.refuse("page", "lies where applications map their own");
        }
        if (record.getInt("page.batch-format", BATCH_FORMAT) != BATCH_FORMAT) {
            throw record.refuse("page.batch-format", "unknown");
        }
        long[] returns = record.getLongs("page.batch-returns");
        if (returns == null || returns.length != StubImage.BATCH) {
            throw record.refuse("page.batch-returns", "are not " + StubImage.BATCH);
        }
        return new StubEntries(page, record.requireInt("page.call"), record.requireInt("page.call-done"),
            record.requireInt("page.fork"), record.requireInt("page.fork-done"), record.requireInt("page.batch"),
            record.requireInt("page.batch-done"), returns);
    }

    /** The same code at another address. */
    StubEntries at(long address) {
        return new StubEntries(address, call, callDone, fork, forkDone, batch, batchDone, batchReturns);
    }

    /**
     * The index in its batch of the call that returned to an address; 0 for any other address, which is what is read of a stub
     * that has been killed meanwhile.
     */
    int batchIndex(long returned) {
        for (int i = 0; i < batchReturns.length; i++) {
            if (page + batchReturns[i] == returned) {
                return i;
            }
        }
        return 0;
    }
}
