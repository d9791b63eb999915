// SPDX-License-Identifier: Apache-2.0
package org.jvisor.fs.sys;

import java.util.List;

/** The devices that every sandbox has, under devices/virtual, and the directories that find them by class and by number. */
final class DeviceTree {

    private record CharacterDevice(String category, String name, int major, int minor, String mode) {}

    private static final List<CharacterDevice> CHARACTER_DEVICES = List.of(
            new CharacterDevice("mem", "null", 1, 3, "0666"),
            new CharacterDevice("mem", "zero", 1, 5, "0666"),
            new CharacterDevice("mem", "full", 1, 7, "0666"),
            new CharacterDevice("mem", "random", 1, 8, "0666"),
            new CharacterDevice("mem", "urandom", 1, 9, "0666"),
            new CharacterDevice("tty", "tty", 5, 0, "0666"),
            new CharacterDevice("tty", "console", 5, 1, ""),
            new CharacterDevice("tty", "ptmx", 5, 2, "0666"));

    private static final List<String> NET_STATISTICS = List.of("collisions", "multicast", "rx_bytes", "rx_compressed",
            "rx_crc_errors", "rx_dropped", "rx_errors", "rx_fifo_errors", "rx_frame_errors", "rx_length_errors",
            "rx_missed_errors", "rx_nohandler", "rx_over_errors", "rx_packets", "tx_aborted_errors", "tx_bytes",
            "tx_carrier_errors", "tx_compressed", "tx_dropped", "tx_errors", "tx_fifo_errors", "tx_heartbeat_errors",
            "tx_packets", "tx_window_errors");

    private DeviceTree() {
    }

    static void addTo(SysDirectory root) {
        root.directory("block");
        root.directory("dev/block");
        root.directory("class/block");
        for (CharacterDevice device : CHARACTER_DEVICES) {
            addCharacterDevice(root, device);
        }
        addLoopback(root);
    }

    private static void addCharacterDevice(SysDirectory root, CharacterDevice device) {
        String place = "devices/virtual/" + device.category + '/' + device.name;
        String number = device.major + ":" + device.minor;
        SysDirectory directory = root.directory(place);
        directory.file("dev", number);
        directory.verbatim("uevent", "MAJOR=" + device.major + "\nMINOR=" + device.minor + "\nDEVNAME=" + device.name + "\n"
                + (device.mode.isEmpty() ? "" : "DEVMODE=" + device.mode + "\n"));
        directory.link("subsystem", "../../../../class/" + device.category);
        directory.directory("power");
        root.directory("class/" + device.category).link(device.name, "../../" + place);
        root.directory("dev/char").link(number, "../../" + place);
    }

    /** The loopback device, which every network namespace has (lo is always device 1). */
    private static void addLoopback(SysDirectory root) {
        SysDirectory lo = root.directory("devices/virtual/net/lo");
        lo.file("addr_assign_type", 0).file("addr_len", 6).file("address", "00:00:00:00:00:00")
                .file("broadcast", "00:00:00:00:00:00").file("carrier", 1).file("carrier_changes", 0)
                .file("carrier_down_count", 0).file("carrier_up_count", 0).file("dev_id", "0x0").file("dev_port", 0)
                .file("dormant", 0).unknown("duplex").file("flags", "0x9").file("gro_flush_timeout", 0).file("ifalias", "")
                .file("ifindex", 1).file("iflink", 1).file("link_mode", 0).file("mtu", 65536).file("netdev_group", 0)
                .file("operstate", "unknown").file("proto_down", 0).unknown("speed").file("tx_queue_len", 1000)
                .file("type", 772).verbatim("uevent", "INTERFACE=lo\nIFINDEX=1\n");
        SysDirectory statistics = lo.directory("statistics");
        NET_STATISTICS.forEach(name -> statistics.file(name, 0));
        lo.directory("queues/rx-0").file("rps_cpus", "0");
        lo.directory("queues/tx-0");
        lo.directory("power");
        lo.link("subsystem", "../../../../class/net");
        root.directory("class/net").link("lo", "../../devices/virtual/net/lo");
    }
}
