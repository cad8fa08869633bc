/// The name of one of Amazon's S3 servers, taken apart.
///
/// Only names that Amazon gives to S3 itself are taken. Anybody can have other names below `amazonaws.com`, such as
/// those of virtual machines and load balancers: a signature sent there would show the access key and the session token
/// to a stranger.
///
/// Source: AWS General Reference, "Amazon Simple Storage Service endpoints and quotas", and the S3 User Guide,
/// "Virtual hosting of general purpose buckets".
struct S3Host: Hashable {
    /// The domains of Amazon's partitions, with the region of addresses that name none.
    private static let domains = [(".amazonaws.com", "us-east-1"), (".amazonaws.com.cn", "cn-north-1")]

    /// The bucket before the server's name; nil when the path begins with it.
    let bucket: String?
    /// The region in the name; nil when it has none.
    let region: String?
    /// The server's name without the bucket.
    let server: String
    /// The domain, with a dot before it.
    let domain: String
    /// The region of addresses that name none.
    let usualRegion: String
    /// Whether the server is one for IPv6 as well.
    let isDualStack: Bool
    /// Whether the name before the server's is more than a bucket's, as for access points and transfer acceleration.
    let isSpecial: Bool

    /// Takes a host name apart; nil when it isn't S3's.
    init?(_ host: String) {
        guard let (domain, usualRegion) = Self.domains.last(where: { host.hasSuffix($0.0) }) else { return nil }
        (self.domain, self.usualRegion) = (domain, usualRegion)
        var labels = host.dropLast(domain.count).split(separator: ".", omittingEmptySubsequences: false).map(
            String.init)
        guard labels.allSatisfy({ !$0.isEmpty }), let last = labels.popLast() else { return nil }
        var (region, isDualStack, isSpecial, server): (String?, Bool, Bool, [String])
        if last == "s3" || last == "s3-external-1" || last == "s3-accelerate" {
            (region, isDualStack, isSpecial, server) = (nil, false, last == "s3-accelerate", [last])
        } else if let name = Self.regionAfterDash(in: last) {
            (region, isDualStack, isSpecial, server) = (name, false, false, [last])
        } else {
            (region, isDualStack, isSpecial, server) = (nil, false, false, [last])
            if Self.isRegion(last) { region = last }
            if labels.last == "dualstack" || last == "dualstack" {
                isDualStack = true
                if last != "dualstack" { server.insert(labels.removeLast(), at: 0) }
            }
            guard let service = labels.popLast() else { return nil }
            server.insert(service, at: 0)
            switch service {
            case "s3", "s3-fips": guard region != nil else { return nil }
            case "s3-accesspoint", "s3-accesspoint-fips":
                guard region != nil else { return nil }
                isSpecial = true
            case "s3-accelerate":
                guard isDualStack, region == nil else { return nil }
                isSpecial = true
            default: return nil
            }
        }
        bucket = labels.isEmpty ? nil : labels.joined(separator: ".")
        // Both need the name before the server's.
        guard bucket != nil || !isSpecial else { return nil }
        self.region = region
        self.isDualStack = isDualStack
        self.isSpecial = isSpecial
        self.server = server.joined(separator: ".") + domain
    }

    /// The server of a region, in the same domain, with the same cryptography (FIPS 140) and protocols.
    func server(in region: String) -> String {
        "\(server.hasPrefix("s3-fips") ? "s3-fips" : "s3").\(isDualStack ? "dualstack." : "")\(region)\(domain)"
    }

    /// The region in a label of the old form: `s3-us-west-2`, `s3-fips-us-gov-west-1`.
    private static func regionAfterDash(in label: String) -> String? {
        for prefix in ["s3-fips-", "s3-"] where label.hasPrefix(prefix) {
            let name = String(label.dropFirst(prefix.count))
            return isRegion(name) ? name : nil
        }
        return nil
    }

    /// Whether a text is a region's name, such as `eu-central-1` or `us-gov-west-1`.
    ///
    /// The two letters at the beginning tell it from `website-eu-central-1`, a server that knows no signatures.
    static func isRegion(_ text: String) -> Bool {
        let words = text.split(separator: "-", omittingEmptySubsequences: false)
        guard text.utf8.count <= 32, words.count >= 3, words[0].utf8.count == 2, let number = words.last,
            !number.isEmpty
        else { return false }
        return number.utf8.allSatisfy(\.isDigit)
            && words.dropLast().allSatisfy { !$0.isEmpty && $0.utf8.allSatisfy(\.isSmallLetter) }
    }

    /// Whether a bucket's name can stand before the server's: Amazon's certificates cover one label there.
    static func isHostLabel(_ bucket: String) -> Bool {
        (3...63).contains(bucket.utf8.count) && bucket.first != "-" && bucket.last != "-"
            && bucket.utf8.allSatisfy { $0.isSmallLetter || $0.isDigit || $0 == UInt8(ascii: "-") }
    }
}
