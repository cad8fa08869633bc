import TwilioAPI

/// The number under which the kernel knows a node.
///
/// A recording's follows from its SID, so it is the same after a remount: programs that compare inode numbers (backups,
/// `find -samefile`, NFS clients) find the same files. Within a directory it grows with the name: what goes through one in
/// the order of inode numbers, as `cp -r` does, goes in the order of names, which can be foreseen.
public struct InodeNumber: RawRepresentable, Hashable, Sendable {
    /// The number as libfuse has it.
    public let rawValue: UInt64

    /// Makes an inode number; any number is one, whether or not something has it.
    public init(rawValue: UInt64) {
        self.rawValue = rawValue
    }

    /// The root's, which libfuse prescribes (`FUSE_ROOT_ID`).
    public static let root = InodeNumber(rawValue: 1)

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
        case .control(.metrics): self.init(rawValue: 50)
        case .media(let sid, let kind): self.init(sid: sid, tag: Self.tag(of: kind))
        case .metadata(let sid, let kind): self.init(sid: sid, tag: Self.tag(of: kind) + 3)
        }
    }

    private init(sid: SID, tag: UInt64) {
        self.init(rawValue: tag << Self.tagShift | sid.high >> (64 - Self.tagShift))
    }

    /// The top three bits of a recording's number: 1 to 3 for media, 4 to 6 for resources.
    ///
    /// Numbers with 0 there are for the nodes that are always there, those with 7 for the ones whose own is taken.
    private static func tag(of kind: MediaKind) -> UInt64 {
        switch kind {
        case .voiceRecording: 1
        case .videoRecording: 2
        case .composition: 3
        }
    }

    private static let tagShift: UInt64 = 61
    private static let tagOfOthers: UInt64 = 7

    /// A number to be tried by a node whose own is taken, and so are those of the attempts before.
    ///
    /// All of the SID goes into it, and the attempt goes in before the first mixing: SIDs that meet at one attempt, on
    /// purpose even, part at the next.
    init(attempt: Int, by node: Node) {
        switch node {
        case .media(let sid, _), .metadata(let sid, _):
            let salt =
                UInt64(truncatingIfNeeded: attempt) &* 8 &+ InodeNumber(preferredBy: node).rawValue >> Self.tagShift
            let mixed = Self.mix(Self.mix(sid.high &+ Self.mix(salt)) ^ sid.low)
            self.init(rawValue: Self.tagOfOthers << Self.tagShift | mixed >> (64 - Self.tagShift))
        case .directory, .control:
            // These have numbers that nothing else can have.
            self.init(preferredBy: node)
        }
    }

    /// The finaliser of SplitMix64 (Steele, Lea, Flood 2014): every bit of the input changes half of the output.
    private static func mix(_ value: UInt64) -> UInt64 {
        var value = value &+ 0x9E37_79B9_7F4A_7C15
        value = (value ^ (value >> 30)) &* 0xBF58_476D_1CE4_E5B9
        value = (value ^ (value >> 27)) &* 0x94D0_49BB_1331_11EB
        return value ^ (value >> 31)
    }
}
