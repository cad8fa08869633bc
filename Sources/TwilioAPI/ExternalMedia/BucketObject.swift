import FoundationEssentials

/// An object in a bucket outside of Twilio.
struct BucketObject: Hashable {
    /// The server that has the bucket.
    enum Server: Hashable {
        /// Amazon's S3.
        case amazon(S3Host)
        /// The server that was named for S3-compatible storage, by the beginning of its address.
        case endpoint(String)
        /// A server that may be asked at its own address, which begins like this.
        case other(String)
    }

    let server: Server
    /// The bucket's name; empty when the server's address hides it.
    let bucket: String
    /// The key, percent-encoded canonically.
    let key: String
    /// The version, as a field of the query.
    let query: String?
    /// The region that the resource's address names, also where another server is asked.
    let region: String?

    /// Whether a bucket of this name may be found in another region.
    ///
    /// An access point is no bucket, and its region is a part of its name.
    var hasMovableRegion: Bool {
        switch server {
        case .amazon(let host): !host.isSpecial || host.region == nil
        case .endpoint, .other: true
        }
    }

    /// What has one region: the bucket, which the first part of the path may name where the server's address hides it.
    var site: String {
        guard bucket.isEmpty else { return place }
        return "\(place)/\(key.prefix { $0 != "/" })"
    }

    /// What messages call the place of the object.
    var place: String {
        switch server {
        case .amazon: "the bucket '\(bucket)'"
        case .endpoint(let address): "the bucket '\(bucket)' at \(address)"
        case .other(let address): "the store at \(address)"
        }
    }

    /// The address for a request that is signed for a region.
    ///
    /// Amazon's certificates cover a single name before the server's: a bucket whose name has a dot, or what is no host
    /// name at all, is named in the path.
    func url(region: String) -> URL? {
        let base: String
        switch server {
        case .amazon(let host) where host.isSpecial && hasItsOwnRegion(region, host):
            base = "https://\(bucket).\(host.server)/"
        case .amazon(let host):
            let server = hasItsOwnRegion(region, host) ? host.server : host.server(in: region)
            base = S3Host.isHostLabel(bucket) ? "https://\(bucket).\(server)/" : "https://\(server)/\(bucket)/"
        case .endpoint(let address): base = "\(address)/\(bucket)/"
        case .other(let address): base = "\(address)/"
        }
        return URL(string: base + key + (query.map { "?\($0)" } ?? ""))
    }

    private func hasItsOwnRegion(_ region: String, _ host: S3Host) -> Bool {
        region == host.region ?? host.usualRegion
    }
}
