package import Catalog
package import Media

extension StoredIntegrity {
    /// The stored verdict on all of the media; nil before all of it was read.
    package var finding: Integrity? {
        switch self {
        case .verified: .verified
        case .failed: .failed
        case .unverified, .none: nil
        }
    }
}
