package import Catalog
package import Media

extension StoredIntegrity {
    /// What reading all of the media has shown; nil before all of it was read.
    package var finding: Integrity? {
        switch self {
        case .verified: .verified
        case .failed: .failed
        case .unverified, .none: nil
        }
    }
}
