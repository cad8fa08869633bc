import Catalog
import TwilioAPI

/// The kernel's number of a node.
///
/// A recording's number follows from its SID, so it stays the same after a remount: programs that compare inode numbers
/// (backups, `find -samefile`, NFS clients) find the same files. Within a directory, numbers grow with names: a program
/// that goes through a directory by inode number, as `cp -r` does, goes by name, which prefetching can foresee.
///
/// | top bits | node and remaining bits |
/// |---|---|
/// | `001` to `011`, `100` to `110` | media and resources of each kind: 61 bits of the SID |
/// | `000 001` to `000 110` | links by date and by group of each kind: 58 bits of the SID |
/// | `000 111 00`, `000 111 01` | calls and rooms: 56 bits of the SID |
/// | `000 111 11 000` | telephone numbers in the mounted account's branch: the number |
/// | `000 111 11 001` | conferences: 53 bits of the SID |
/// | `000 111 11 010` to `000 111 11 100` | links by caller, by callee, and by conference: 53 bits of the SID |
/// | `000 111 10` | others in a subaccount's branch: 56 bits, mixed from its SID and the place |
/// | `000 000` | others in the mounted account's branch: a fixed number |
/// | `111` | nodes whose preferred number is taken: 61 bits, mixed from the whole SID |
public struct InodeNumber: RawRepresentable, Hashable, Sendable {
    /// The number for libfuse.
    public let rawValue: UInt64

    /// Makes an inode number from any number.
    public init(rawValue: UInt64) { self.rawValue = rawValue }

    /// The root's number, prescribed by libfuse (`FUSE_ROOT_ID`).
    public static let root = InodeNumber(rawValue: 1)

    /// A node's number unless another node has it.
    ///
    /// - Parameter subaccount: The branch's subaccount; nil for the mounted account.
    init(preferredBy place: Place, of subaccount: SID? = nil) {
        switch place {
        case .media(let sid, let kind): self.init(tag: Self.tag(kind), width: 3, sid.high)
        case .metadata(let sid, let kind): self.init(tag: Self.secondTag(kind), width: 3, sid.high)
        case .link(let sid, let kind, .date): self.init(tag: Self.tag(kind), width: 6, sid.high)
        case .link(let sid, let kind, .group): self.init(tag: Self.secondTag(kind), width: 6, sid.high)
        case .link(let sid, _, .caller): self.init(tag: Self.callerTag, width: Self.longWidth, sid.high)
        case .link(let sid, _, .callee): self.init(tag: Self.calleeTag, width: Self.longWidth, sid.high)
        case .link(let sid, _, .conference): self.init(tag: Self.conferenceLinkTag, width: Self.longWidth, sid.high)
        case .directory(.group(let sid)):
            // A call belongs to one account, so the account isn't needed.
            switch Grouping(of: sid) {
            case .call: self.init(tag: 0b111_00, width: 8, sid.high)
            case .room: self.init(tag: 0b111_01, width: 8, sid.high)
            case .conference: self.init(tag: Self.conferenceTag, width: Self.longWidth, sid.high)
            }
        case .directory(.number(let number)):
            let stored = UInt64(bitPattern: number.storedNumber)
            if subaccount == nil {
                self.init(tag: Self.numberTag, width: Self.longWidth, stored << Self.longWidth)
            } else {
                self.init(local: Self.markOfNumbers | stored, of: subaccount)
            }
        case .directory(.root): self.init(local: Self.root.rawValue, of: subaccount)
        case .directory(.metadata): self.init(local: 2, of: subaccount)
        case .directory(.control): self.init(local: 3, of: subaccount)
        case .directory(.accounts): self.init(local: 4, of: subaccount)
        case .directory(.byDate): self.init(local: 5, of: subaccount)
        case .directory(.byGroup(.call)): self.init(local: 6, of: subaccount)
        case .directory(.byGroup(.room)): self.init(local: 7, of: subaccount)
        case .directory(.byNumber): self.init(local: 8, of: subaccount)
        case .directory(.byGroup(.conference)): self.init(local: 9, of: subaccount)
        case .directory(.media(let kind)): self.init(local: 16 + UInt64(kind.rawValue), of: subaccount)
        case .directory(.metadataOf(let kind)): self.init(local: 32 + UInt64(kind.rawValue), of: subaccount)
        case .directory(.date(let span)): self.init(local: Self.local(span), of: subaccount)
        case .control(.status): self.init(local: 48, of: subaccount)
        case .control(.version): self.init(local: 49, of: subaccount)
        case .control(.metrics): self.init(local: 50, of: subaccount)
        }
    }

    /// The numbers of kinds that have tags, two each; the seventh tag is ``tagOfOthers``.
    static let kinds = 1...3

    // The tags of eleven bits, whose common beginning is `000 111 11`.
    private static let longWidth: UInt64 = 11
    private static let numberTag: UInt64 = 0b111_11_000
    private static let conferenceTag: UInt64 = 0b111_11_001
    private static let callerTag: UInt64 = 0b111_11_010
    private static let calleeTag: UInt64 = 0b111_11_011
    private static let conferenceLinkTag: UInt64 = 0b111_11_100

    private static func tag(_ kind: MediaKind) -> UInt64 { UInt64(kind.rawValue) }

    private static func secondTag(_ kind: MediaKind) -> UInt64 { UInt64(kind.rawValue + kinds.count) }

    private init(local: UInt64, of subaccount: SID?) {
        guard let subaccount else {
            self.init(rawValue: local)
            return
        }
        let mixed = Self.mix(Self.mix(subaccount.high &+ Self.mix(local)) ^ subaccount.low)
        self.init(tag: 0b111_10, width: Self.mixedWidth, mixed)
    }

    /// The width of the tag of mixed numbers.
    private static let mixedWidth: UInt64 = 8
    /// The bit that tells telephone numbers from other nodes before they are mixed.
    private static let markOfNumbers: UInt64 = 1 << 60

    /// The telephone numbers in a subaccount's branch that prefer this number, if it is a mixed one.
    ///
    /// Mixing is undone for each value of the bits that the tag has displaced, since a branch may have too many
    /// telephone numbers to try them all. One in fifty numbers gives one that isn't theirs.
    func numberGroups(of subaccount: SID) -> [NumberGroup] {
        (0..<(1 as UInt64) << Self.mixedWidth).compactMap { lost in
            let mixed = Self.unmix(rawValue << Self.mixedWidth | lost) ^ subaccount.low
            let local = Self.unmix(Self.unmix(mixed) &- subaccount.high)
            guard local & Self.markOfNumbers != 0, let stored = Int64(exactly: local ^ Self.markOfNumbers) else {
                return nil
            }
            return NumberGroup(storedNumber: stored)
        }
    }

    /// A number with a tag in the top bits, followed by the top bits of `bits`.
    private init(tag: UInt64, width: UInt64, _ bits: UInt64) {
        self.init(rawValue: tag << (64 - width) | bits >> width)
    }

    /// The fixed number of a date: 2^20 plus the digits of the date, with zeros for its missing parts.
    private static func local(_ span: DateSpan) -> UInt64 {
        let month = span.unit == .year ? 0 : span.first.month
        let day = span.unit == .day ? span.first.day : 0
        return (1 << 20) + UInt64(span.first.year * 10_000 + month * 100 + day)
    }

    /// The node that prefers a number, as far as the number tells.
    enum Origin {
        /// A recording of a kind, by the first 16 digits of its SID, and one of its places.
        case recording(MediaKind, digits: ClosedRange<UInt64>, place: @Sendable (SID) -> Place)
        /// A recording of a call, whatever its kind, by the first 16 digits of its SID, and the view of its link.
        case link(View, digits: ClosedRange<UInt64>)
        /// A call, a room or a conference, by the first 16 digits of its SID.
        case group(Grouping, digits: ClosedRange<UInt64>)
        /// A telephone number in the mounted account's branch.
        case number(NumberGroup)
        /// A node of the mounted account's branch with a fixed number.
        case own
        /// A node of a subaccount's branch; only a search through all these branches finds it.
        case mixed
    }

    /// The origin; nil for the number of a node whose preferred number was taken.
    var origin: Origin? {
        let (three, six, eight) = (rawValue >> 61, rawValue >> 58, rawValue >> 56)
        if let kind = MediaKind(rawValue: Int(three)) {
            return .recording(kind, digits: digits(after: 3)) { .media($0, kind) }
        }
        if let kind = MediaKind(rawValue: Int(three) - Self.kinds.count) {
            return .recording(kind, digits: digits(after: 3)) { .metadata($0, kind) }
        }
        if let kind = MediaKind(rawValue: Int(six)) {
            return .recording(kind, digits: digits(after: 6)) { .link($0, kind, .date) }
        }
        if let kind = MediaKind(rawValue: Int(six) - Self.kinds.count) {
            return .recording(kind, digits: digits(after: 6)) { .link($0, kind, .group) }
        }
        if eight == Self.numberTag >> 3 { return longOrigin }
        return switch eight {
        case 0b111_00: .group(.call, digits: digits(after: 8))
        case 0b111_01: .group(.room, digits: digits(after: 8))
        case 0b111_10: .mixed
        default: six == 0 ? .own : nil
        }
    }

    /// The origin of a number with a tag of eleven bits.
    private var longOrigin: Origin? {
        let digits = digits(after: Self.longWidth)
        return switch rawValue >> (64 - Self.longWidth) {
        case Self.numberTag:
            NumberGroup(storedNumber: Int64(digits.lowerBound >> Self.longWidth)).map { .number($0) }
        case Self.conferenceTag: .group(.conference, digits: digits)
        case Self.callerTag: .link(.caller, digits: digits)
        case Self.calleeTag: .link(.callee, digits: digits)
        case Self.conferenceLinkTag: .link(.conference, digits: digits)
        default: nil
        }
    }

    /// The digits that begin with the bits after a tag.
    private func digits(after width: UInt64) -> ClosedRange<UInt64> {
        let first = rawValue << width
        return first...(first | ((1 << width) - 1))
    }

    /// The date of a fixed number; nil for another number.
    var dateSpan: DateSpan? {
        guard let digits = Int(exactly: rawValue), digits > 1 << 20, digits < 1 << 27 else { return nil }
        let number = digits - (1 << 20)
        let (month, day) = (number / 100 % 100, number % 100)
        guard let year = DateSpan(year: number / 10_000) else { return nil }
        if month == 0 { return day == 0 ? year : nil }
        return day == 0 ? year.child(month) : year.child(month)?.child(day)
    }

    /// The top three bits for nodes whose preferred number is taken.
    private static let tagOfOthers: UInt64 = 7

    /// The number of a node whose preferred number and numbers of earlier attempts are taken.
    ///
    /// The number depends on the whole SID. The attempt is added before the first mixing, so SIDs that collide at one
    /// attempt, even on purpose, get different numbers at the next.
    init(attempt: Int, by place: Place, of subaccount: SID? = nil) {
        let preferred = InodeNumber(preferredBy: place, of: subaccount)
        let (high, low): (UInt64, UInt64)
        switch place {
        case .media(let sid, _), .metadata(let sid, _), .link(let sid, _, _), .directory(.group(let sid)):
            (high, low) = (sid.high, sid.low)
        case .directory, .control:
            guard subaccount != nil else {
                // No other node can have these numbers.
                self = preferred
                return
            }
            (high, low) = (preferred.rawValue, 0)
        }
        let salt = UInt64(truncatingIfNeeded: attempt) &* 8 &+ preferred.rawValue >> 61
        let mixed = Self.mix(Self.mix(high &+ Self.mix(salt)) ^ low)
        self.init(tag: Self.tagOfOthers, width: 3, mixed)
    }

    /// The finaliser of SplitMix64 (Steele, Lea, Flood 2014): every bit of the input changes half of the output.
    private static func mix(_ value: UInt64) -> UInt64 {
        var value = value &+ 0x9E37_79B9_7F4A_7C15
        value = (value ^ (value >> 30)) &* 0xBF58_476D_1CE4_E5B9
        value = (value ^ (value >> 27)) &* 0x94D0_49BB_1331_11EB
        return value ^ (value >> 31)
    }

    /// The value that ``mix(_:)`` makes another of.
    ///
    /// The factors are the inverses of those in ``mix(_:)``, modulo 2^64.
    private static func unmix(_ value: UInt64) -> UInt64 {
        var value = value ^ (value >> 31) ^ (value >> 62)
        value &*= 0x3196_42B2_D24D_8EC3
        value ^= (value >> 27) ^ (value >> 54)
        value &*= 0x96DE_1B17_3F11_9089
        value ^= (value >> 30) ^ (value >> 60)
        return value &- 0x9E37_79B9_7F4A_7C15
    }
}
