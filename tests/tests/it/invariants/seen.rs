//! I8, nothing leaks: what comes down to a device.
