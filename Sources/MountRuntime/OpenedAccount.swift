import Catalog
import Logging
import Support
import Transfer
import TwilioAPI

/// An account to mount: its client and its catalog.
struct OpenedAccount {
    let client: TwilioClient
    let catalog: Catalog
    /// The friendly name.
    var name: ForeignText = ""
    /// The reason why its video is hidden; nil if it is visible.
    var videoIssue: String?

    /// Opens the catalogs of the active subaccounts, in the order of SIDs; blocks until Twilio has listed the accounts.
    ///
    /// - Parameters:
    ///   - client: The client of their main account.
    ///   - window: The visible recordings of every account.
    ///   - credentials: The subaccounts' own credentials.
    ///   - check: Checks that they, and the main account's, reach every list.
    static func subaccounts(
        of client: TwilioClient, window: CatalogWindow, credentials: [SID: any CredentialProvider],
        check: CredentialCheck, logger: Logger, openCatalog: (SID, CatalogWindow) throws -> Catalog
    ) throws -> [OpenedAccount] {
        let accounts = try activeAccounts(of: client).filter { $0.sid != client.account }.sorted { $0.sid < $1.sid }
        for stranger in Set(credentials.keys).subtracting(accounts.map(\.sid)).sorted() {
            logger.warning("there are credentials of \(stranger), which is not an active subaccount")
        }
        let opened = accounts.map { account in
            let client = client.client(forSubaccount: account.sid, videoCredentials: credentials[account.sid])
            return (account: account, client: client, kinds: window.kinds.filter(client.reaches))
        }
        try check.run(ofSubaccounts: opened.map { ($0.client, $0.kinds) })
        return try opened.map { account, client, reached in
            var issue: String?
            if reached != window.kinds {
                issue = "there are no credentials of its own: name them in the file of --subaccount-credentials"
                logger.notice("the video of the subaccount \(account.sid) is not shown: \(issue ?? "")")
            }
            let catalog = try openCatalog(account.sid, CatalogWindow(kinds: reached, interval: window.interval))
            return OpenedAccount(
                client: client, catalog: catalog, name: account.friendlyName ?? "", videoIssue: issue)
        }
    }

    /// Lists an account and its subaccounts; the account's own lists are known to be reached.
    private static func activeAccounts(of client: TwilioClient) throws(TwilioError) -> [AccountDescription] {
        do throws(TwilioError) {
            return try client.activeAccounts(priority: .reader)
        } catch {
            guard error.isRefusal else { throw error }
            throw TwilioError(
                .listsRefused,
                "\(error.message); only the auth token and main API keys list subaccounts: give one of these, or mount"
                    + " without --subaccounts", twilioCode: error.twilioCode, status: error.status, cause: error)
        }
    }
}
