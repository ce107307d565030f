// Starts `campflow lsp` and leaves the rest to it.

const { window, workspace } = require("vscode");
const { LanguageClient } = require("vscode-languageclient/node");

let client;

async function activate() {
  const [command, ...args] = workspace.getConfiguration("campflow").get("command");
  const server = { command, args };
  client = new LanguageClient("campflow", "campflow", server, {
    // Messages and settings belong to a project as well: the server knows which of them are its own.
    documentSelector: [
      { scheme: "file", language: "campflow" },
      { scheme: "file", pattern: "**/content/**" },
      { scheme: "file", pattern: "**/campflow.toml" },
    ],
  });
  try {
    await client.start();
  } catch (error) {
    window.showErrorMessage(
      `\`${command}\` cannot be started (${error.message}). Install it with: pip install 'campflow[editor]', ` +
        "or name the right one in the setting campflow.command.",
    );
  }
}

function deactivate() {
  return client?.stop();
}

module.exports = { activate, deactivate };
