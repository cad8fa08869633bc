import TwilioAPI

/// The number under which the kernel knows a node.
///
/// A recording's follows from its SID, so it is the same after a remount: programs that compare inode numbers (backups,
/// `find -samefile`, NFS clients) find the same files.
public struct InodeNumber: RawRepresentable, Hashable, Sendable {
    /// The number as libfuse has it.
    public let rawValue: UInt64

    /// Makes an inode number; any number is one, whether or not something has it.
    public init(rawValue: UInt64) {
        self.rawValue = rawValue
    }

    /// The root's, which libfuse prescribes (`FUSE_ROOT_ID`).
    public static let root = InodeNumber(rawValue: 1)

    /// Numbers below are for the nodes that are always there.
    private static let firstOfRecordings: UInt64 = 1 << 16

    /// The number that a node has unless another one has it already.
    init(preferredBy node: Node) {
        switch node {
        case .directory(.root): self = .root
        case .directory(.metadata): self.init(rawValue: 2)
        case .directory(.control): self.init(rawValue: 3)
        case .directory(.media(let kind)): self.init(rawValue: 16 + UInt64(kind.rawValue))
        case .directory(.metadataOf(let kind)): self.init(rawValue: 32 + UInt64(kind.rawValue))
        case .control(.status): self.init(rawValue: 48)
        case .control(.version): self.init(rawValue: 49)
        case .media(let sid, let kind): self.init(sid: sid, salt: UInt64(kind.rawValue))
        case .metadata(let sid, let kind): self.init(sid: sid, salt: UInt64(kind.rawValue) + 16)
        }
    }

    private init(sid: SID, salt: UInt64) {
        let mixed = Self.mix(Self.mix(sid.high &+ salt) ^ sid.low)
        self.init(rawValue: mixed < Self.firstOfRecordings ? mixed + Self.firstOfRecordings : mixed)
    }

    /// The number to be tried when this one is taken.
    var next: InodeNumber {
        InodeNumber(rawValue: rawValue == .max ? Self.firstOfRecordings : rawValue + 1)
    }

    /// The finaliser of SplitMix64 (Steele, Lea, Flood 2014): every bit of the input changes half of the output.
    private static func mix(_ value: UInt64) -> UInt64 {
        var value = value &+ 0x9E37_79B9_7F4A_7C15
        value = (value ^ (value >> 30)) &* 0xBF58_476D_1CE4_E5B9
        value = (value ^ (value >> 27)) &* 0x94D0_49BB_1331_11EB
        return value ^ (value >> 31)
    }
}
