/// Whether both are the same bytes.
///
/// For what is long: test modules aren't optimized, and compare byte by byte.
public func areSame(_ bytes: [UInt8], _ others: [UInt8]) -> Bool { bytes == others }

/// Whether both are the same bytes.
public func areSame(_ bytes: [UInt8], _ others: ArraySlice<UInt8>) -> Bool { bytes[...] == others }
