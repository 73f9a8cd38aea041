// GraphiQL with a bar above it: examples, who is signed in, the reference.
import { DocExplorerContextProvider, DOC_EXPLORER_PLUGIN } from "@graphiql/plugin-doc-explorer";
import { HISTORY_PLUGIN, HistoryContextProvider } from "@graphiql/plugin-history";
import { GraphiQLInterface, GraphiQLProvider } from "graphiql";
import { createRoot } from "react-dom/client";
import "graphiql/style.css";

import { listed } from "../shared/examples.js";
import { Session } from "../shared/session.js";
import { Bar } from "./bar.jsx";
import { fetcherOf } from "./fetcher.js";
import "./page.css";

const session = new Session();
const fetcher = fetcherOf(session);
const plugins = [DOC_EXPLORER_PLUGIN, HISTORY_PLUGIN];

function Explorer({ examples }) {
  return (
    <GraphiQLProvider
      fetcher={fetcher}
      plugins={plugins}
      referencePlugin={DOC_EXPLORER_PLUGIN}
      defaultTabs={[{ query: "" }]}
      defaultQuery=""
      shouldPersistHeaders={false}
      inputValueDeprecation
      // What was typed may hold a password: it is kept until the browser tab is closed, and no longer.
      storage={sessionStorage}
    >
      <HistoryContextProvider>
        <DocExplorerContextProvider>
          <Bar session={session} examples={examples} />
          <GraphiQLInterface defaultEditorToolsVisibility showPersistHeadersSettings={false} />
        </DocExplorerContextProvider>
      </HistoryContextProvider>
    </GraphiQLProvider>
  );
}

// Without its examples the explorer is still one.
const examples = await listed().catch(() => []);
createRoot(document.getElementById("root")).render(<Explorer examples={examples} />);
