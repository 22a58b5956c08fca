# SPDX-License-Identifier: GPL-2.0-or-later
"""Switches a device's offloads by the ethtool ioctl: the frames that are captured must be what a wire would carry."""

import array
import fcntl
import socket
import struct

_SIOCETHTOOL = 0x8946
# include/uapi/linux/ethtool.h
RX_CHECKSUM, TX_CHECKSUM, SCATTER_GATHER, TSO, GSO, GRO = 0x15, 0x17, 0x19, 0x1F, 0x24, 0x2C


def switch(device, feature, on):
    """In the calling thread's namespace."""
    value = array.array("B", struct.pack("=II", feature, 1 if on else 0))
    request = struct.pack("16sP", device.encode(), value.buffer_info()[0]) + bytes(16)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
        fcntl.ioctl(control, _SIOCETHTOOL, request)
