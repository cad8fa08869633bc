import Catalog
import Support
import TwilioAPI

/// An account to mount: its client and its catalog.
struct OpenedAccount {
    let client: TwilioClient
    let catalog: Catalog
    /// The friendly name.
    var name: ForeignText = ""
    /// The reason why its video is hidden; nil if it is visible.
    var videoIssue: String?
}
