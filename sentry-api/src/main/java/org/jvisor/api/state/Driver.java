// SPDX-License-Identifier: Apache-2.0
package org.jvisor.api.state;

import org.osgi.annotation.versioning.ConsumerType;

/**
 * What makes the {@link Stateful} objects of one bundle anew: a service, one a bundle. A bundle whose objects outlive calls and
 * that has none cannot be replaced or withdrawn while there are such objects.
 */
@ConsumerType
public interface Driver {

    /**
     * Makes the object that {@code record} describes, which a version of this bundle has saved, perhaps an older or a newer one.
     * Fields that are not known are skipped, missing ones have defaults. Nothing outside of the new object changes: it may never
     * come to serve.
     *
     * @throws StateException when the record cannot be understood; its message names type and field
     */
    Stateful adopt(StateRecord record);

    /**
     * Whether {@code object} is one of this bundle's own. It is when its class comes from the same bundle: the same loader, and,
     * since those that are there from the boot share one, the same package or one below it; see {@link Stateful#origin}.
     */
    default boolean owns(Object object) {
        Class<?> type = (object instanceof Stateful stateful ? stateful.origin() : object).getClass();
        String home = getClass().getPackageName();
        String name = type.getPackageName();
        return type.getClassLoader() == getClass().getClassLoader()
                && (name.equals(home) || name.startsWith(home) && name.charAt(home.length()) == '.');
    }
}
