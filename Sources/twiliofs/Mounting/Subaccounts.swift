import Catalog
import Glibc
import Logging
import Support
import Transfer
import TwilioAPI

/// Finding the subaccounts that are mounted as well.
struct Subaccounts {
    /// That of the account to which they belong.
    let client: TwilioClient

    /// What is shown of every account.
    let window: CatalogWindow
    let credentials: SubaccountCredentials
    let logger: Logger

    /// Opens what is known of each active subaccount, in the order of their SIDs.
    ///
    /// - Parameter openCatalog: opens the catalog of an account that shows what a window says.
    func open(
        _ openCatalog: (SID, CatalogWindow) throws(Failure) -> Catalog
    ) throws(Failure) -> [OpenedAccount] {
        let accounts = try list().filter { $0.sid != client.account }.sorted { $0.sid < $1.sid }
        for stranger in Set(credentials.bySID.keys).subtracting(accounts.map(\.sid)).sorted() {
            logger.warning("--subaccount-credentials names \(stranger), which is not an active subaccount")
        }
        var opened: [OpenedAccount] = []
        for account in accounts {
            let client = client.client(
                forSubaccount: account.sid, videoCredentials: credentials.bySID[account.sid].map(FixedCredential.init))
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

    /// Asks which there are; blocks.
    private func list() throws(Failure) -> [AccountDescription] {
        do throws(TwilioError) {
            return try client.activeAccounts(priority: .reader)
        } catch {
            throw Failure(error)
        }
    }
}
