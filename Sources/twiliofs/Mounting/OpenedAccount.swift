import Catalog
import Support
import TwilioAPI

/// An account that is to be mounted: whom to ask, and what is known of it.
struct OpenedAccount {
    let client: TwilioClient
    let catalog: Catalog

    /// The name that its owner gave it.
    var name: ForeignText = ""

    /// Why its video isn't shown; nil where it is.
    var videoIssue: String?
}
