import Catalog
import Logging
import Support
import Transfer
import TwilioAPI

/// The search for the subaccounts to mount.
struct Subaccounts {
    /// The client of their main account.
    let client: TwilioClient
    /// The visible recordings of every account.
    let window: CatalogWindow
    /// The own credentials of subaccounts.
    let credentials: [SID: any CredentialProvider]
    let logger: Logger

    /// Opens the catalog of each active subaccount, by SID; blocks until Twilio has named them.
    func open(_ openCatalog: (SID, CatalogWindow) throws -> Catalog) throws -> [OpenedAccount] {
        let accounts = try client.activeAccounts(priority: .reader).filter { $0.sid != client.account }.sorted {
            $0.sid < $1.sid
        }
        for stranger in Set(credentials.keys).subtracting(accounts.map(\.sid)).sorted() {
            logger.warning("--subaccount-credentials names \(stranger), which is not an active subaccount")
        }
        var opened: [OpenedAccount] = []
        for account in accounts {
            let client = client.client(forSubaccount: account.sid, videoCredentials: credentials[account.sid])
            let reached = window.kinds.filter(client.reaches)
            var issue: String?
            if reached != window.kinds {
                issue = "there are no credentials of its own: name them in the file of --subaccount-credentials"
                logger.notice("the video of the subaccount \(account.sid) is not shown: \(issue ?? "")")
            }
            let catalog = try openCatalog(account.sid, CatalogWindow(kinds: reached, interval: window.interval))
            opened.append(
                OpenedAccount(
                    client: client, catalog: catalog, name: account.friendlyName ?? "", videoIssue: issue))
        }
        return opened
    }
}
