/// Compares two arrays of bytes.
///
/// This module is optimized. A test module isn't, and needs seconds for the bytes of a file.
public func areSame(_ bytes: [UInt8], _ others: [UInt8]) -> Bool { bytes == others }

/// Compares an array of bytes with a part of another.
public func areSame(_ bytes: [UInt8], _ others: ArraySlice<UInt8>) -> Bool { bytes[...] == others }
