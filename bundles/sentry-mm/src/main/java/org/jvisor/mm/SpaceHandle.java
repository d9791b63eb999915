// SPDX-License-Identifier: Apache-2.0
package org.jvisor.mm;

import org.jvisor.api.platform.AddressSpace;
import org.jvisor.api.state.Handle;

/** What a memory manager has of the platform. */
record SpaceHandle(long id, Pages pages) implements Handle {

    @Override
    public String kind() {
        return "address space";
    }

    @Override
    public Class<?> type() {
        return AddressSpace.class;
    }

    @Override
    public Object target() {
        return pages.space();
    }

    @Override
    public void replace(Object fresh) {
        pages.setSpace((AddressSpace) fresh);
    }
}
