// The bar above GraphiQL.
import { useEditorContext } from "@graphiql/react";
import { useEffect, useState } from "react";
import { filled } from "../shared/examples.js";

export function Bar({ session, examples }) {
  return (
    <header className="bar">
      <h1>
        接口浏览器 <span lang="en">Explorer</span>
      </h1>
      <nav>
        <a href="reference" target="_blank">
          接口参考
        </a>
        <a href="graphiql?plain">简易版</a>
      </nav>
      <Examples session={session} examples={examples} />
      <SignIn session={session} />
    </header>
  );
}

function Examples({ session, examples }) {
  const editor = useEditorContext({ nonNull: true });
  const { queryEditor, variableEditor } = editor;
  const [chosen, setChosen] = useState(null);

  async function open(example) {
    const variables = await filled(example, session);
    if (editor.queryEditor?.getValue().trim()) editor.addTab();
    setChosen({ query: example.query, variables });
  }

  // After the new tab has become the active one: before, this would be written into the old.
  useEffect(() => {
    if (!chosen || !queryEditor || !variableEditor) return;
    variableEditor.setValue(chosen.variables);
    queryEditor.setValue(chosen.query);
    setChosen(null);
  }, [chosen, queryEditor, variableEditor]);

  useEffect(() => {
    const [tab, ...others] = editor.tabs;
    if (examples.length > 0 && others.length === 0 && !tab.query) open(examples[0]);
  }, []);

  if (examples.length === 0) return null;
  return (
    <select className="examples" aria-label="示例" value="" onChange={(event) => open(examples[event.target.value])}>
      <option value="" disabled hidden>
        示例
      </option>
      {examples.map(({ title }, index) => (
        <option key={title} value={index}>
          {title}
        </option>
      ))}
    </select>
  );
}

function SignIn({ session }) {
  const [name, setName] = useState(session.name);
  const [note, setNote] = useState("");
  const [busy, setBusy] = useState(false);

  useEffect(() => {
    const changed = () => setName(session.name);
    const lost = ({ detail }) => setNote(detail);
    session.addEventListener("change", changed);
    session.addEventListener("lost", lost);
    return () => {
      session.removeEventListener("change", changed);
      session.removeEventListener("lost", lost);
    };
  }, [session]);

  async function submit(event) {
    event.preventDefault();
    const form = event.currentTarget;
    const { login, password } = Object.fromEntries(new FormData(form));
    setBusy(true);
    setNote((await session.signIn(login.trim(), password)) ?? "");
    setBusy(false);
    form.elements.password.value = "";
  }

  if (name) {
    return (
      <div className="signed">
        <span title={name}>{name}</span>
        <button type="button" onClick={() => session.signOut()}>
          退出
        </button>
      </div>
    );
  }
  return (
    <form className="signing" onSubmit={submit}>
      <input name="login" aria-label="账号" placeholder="账号" autoComplete="username" autoCapitalize="none" spellCheck="false" required />
      <input name="password" aria-label="密码" placeholder="密码" type="password" autoComplete="current-password" required />
      <button disabled={busy}>登录</button>
      <p role="status">{note}</p>
    </form>
  );
}
