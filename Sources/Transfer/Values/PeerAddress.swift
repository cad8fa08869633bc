import CCurl
import Glibc

/// The IP address of a server.
///
/// A name server that lies, or that an attacker controls (DNS rebinding), can lead the name of a public host to a
/// machine in the private network, with which this one may speak and others may not.
struct PeerAddress: Equatable, Sendable, CustomStringConvertible {
    /// 4 or 16 bytes.
    private let bytes: [UInt8]

    /// Reads an address in its usual notation; an IPv6 address may have brackets or a zone.
    init?(_ text: some StringProtocol) {
        var text = text.hasPrefix("[") && text.hasSuffix("]") ? String(text.dropFirst().dropLast()) : String(text)
        if text.contains(":"), let zone = text.firstIndex(of: "%") { text = String(text[..<zone]) }
        for (family, count) in [(AF_INET, 4), (AF_INET6, 16)] {
            var bytes = [UInt8](repeating: 0, count: count)
            if inet_pton(family, text, &bytes) == 1 {
                self.bytes = bytes
                return
            }
        }
        return nil
    }

    /// Takes a socket's address; nil for families other than IPv4 and IPv6.
    init?(_ address: UnsafePointer<sockaddr>, length: Int) {
        let raw = UnsafeRawBufferPointer(start: address, count: length)
        switch Int32(address.pointee.sa_family) {
        case AF_INET where length >= MemoryLayout<sockaddr_in>.size:
            let offset = MemoryLayout<sockaddr_in>.offset(of: \.sin_addr) ?? 4
            bytes = Array(raw[offset..<offset + 4])
        case AF_INET6 where length >= MemoryLayout<sockaddr_in6>.size:
            let offset = MemoryLayout<sockaddr_in6>.offset(of: \.sin6_addr) ?? 8
            bytes = Array(raw[offset..<offset + 16])
        default:
            return nil
        }
    }

    /// The port of a socket's address, which is at the same place in both families.
    static func port(of address: UnsafePointer<sockaddr>) -> UInt16 {
        UnsafeRawPointer(address).loadUnaligned(fromByteOffset: 2, as: UInt16.self).bigEndian
    }

    /// The usual notation.
    var description: String {
        var text = [CChar](repeating: 0, count: Int(INET6_ADDRSTRLEN))
        let family = bytes.count == 4 ? AF_INET : AF_INET6
        guard inet_ntop(family, bytes, &text, socklen_t(text.count)) != nil else { return "an address" }
        return String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    /// Whether another address of the same family begins with so many bits of this one.
    func covers(_ other: PeerAddress, bits: Int) -> Bool {
        guard bytes.count == other.bytes.count, (1...bytes.count * 8).contains(bits) else { return self == other }
        return Block(bytes, bits).covers(other.bytes)
    }

    /// Whether the address is one of the public Internet.
    ///
    /// Sources: IANA's registries of special-purpose addresses. An IPv6 address that stands for an IPv4 address
    /// (mapped, translated by NAT64, 6to4) is what that one is.
    var isPublic: Bool {
        if bytes.count == 4 { return !Self.specialIPv4.contains { $0.covers(bytes) } }
        if let embedded = embeddedIPv4 { return !Self.specialIPv4.contains { $0.covers(embedded) } }
        return Self.globalIPv6.covers(bytes) && !Self.specialIPv6.contains { $0.covers(bytes) }
    }

    private var embeddedIPv4: [UInt8]? {
        if Self.mapped.covers(bytes) || Self.translated.covers(bytes) { return Array(bytes.suffix(4)) }
        return Self.sixToFour.covers(bytes) ? Array(bytes[2..<6]) : nil
    }

    /// A block of addresses.
    private struct Block {
        let start: [UInt8]
        let bits: Int

        init(_ start: [UInt8], _ bits: Int) { (self.start, self.bits) = (start, bits) }

        /// Whether an address of the same family begins with the block's bits.
        func covers(_ bytes: [UInt8]) -> Bool {
            (0..<bits).allSatisfy { bit in
                let mask = UInt8(0x80) >> UInt8(bit % 8)
                let own = bit / 8 < start.count ? start[bit / 8] : 0
                return own & mask == bytes[bit / 8] & mask
            }
        }
    }

    /// This network, private, carrier-grade NAT, loopback, link-local, private, protocol assignments, documentation,
    /// 6to4 relays, private, benchmarks, documentation twice, multicast, reserved with broadcast.
    private static let specialIPv4 = [
        Block([0], 8), Block([10], 8), Block([100, 64], 10), Block([127], 8), Block([169, 254], 16),
        Block([172, 16], 12), Block([192, 0, 0], 24), Block([192, 0, 2], 24), Block([192, 88, 99], 24),
        Block([192, 168], 16), Block([198, 18], 15), Block([198, 51, 100], 24), Block([203, 0, 113], 24),
        Block([224], 4), Block([240], 4),
    ]
    /// All other blocks are unassigned or local: loopback, `fe80::/10`, `fec0::/10`, `fc00::/7`, `ff00::/8`.
    private static let globalIPv6 = Block([0x20], 3)
    /// Protocol assignments with Teredo and ORCHID, documentation twice.
    private static let specialIPv6 = [
        Block([0x20, 0x01, 0x00], 23), Block([0x20, 0x01, 0x0d, 0xb8], 32), Block([0x3f, 0xff, 0x00], 20),
    ]
    private static let mapped = Block([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff], 96)
    private static let translated = Block([0, 0x64, 0xff, 0x9b], 96)
    private static let sixToFour = Block([0x20, 0x02], 16)
}
