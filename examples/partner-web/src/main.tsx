// Draws the board.
import { type ComponentChildren, render } from "preact";
import { useEffect, useReducer, useState } from "preact/hooks";
import { Failure } from "./alliance";
import { Board, type Card } from "./board";
import type { Change } from "./live";
import type { Answer, Entry } from "./outbox";
import type { Person } from "./session";
import * as words from "./words";
import "./style.css";

function App() {
  const [, redraw] = useReducer((count: number) => count + 1, 0);
  const [board, setBoard] = useState<Board | null>(null);
  const [trouble, setTrouble] = useState("");

  useEffect(() => {
    const ending = new AbortController();
    const begin = (): void => {
      Board.start(location.origin, () => redraw(undefined), ending.signal).then(setBoard, (reason: unknown) => {
        setTrouble(reason instanceof Failure ? reason.message : "网页未能启动，请刷新重试");
        setTimeout(begin, 3000);
      });
    };
    begin();
    // Another tab has written down a claim, or got its answer.
    addEventListener("storage", () => redraw(undefined), { signal: ending.signal });
    return () => ending.abort();
  }, []);

  return (
    <>
      <header>
        <div>
          <h1>身边的需求</h1>
          <p>党建联盟公开需求，欢迎认领</p>
        </div>
        <Link board={board} />
      </header>
      <main>
        {board ? <Page board={board} /> : <p class="note">{trouble || "正在连接……"}</p>}
      </main>
      <footer>数据来自党建联盟资源共享服务。距离为到社区阵地的直线距离。</footer>
    </>
  );
}

function Link({ board }: { board: Board | null }) {
  const isOnline = board?.link === "online";
  return (
    <p id="link" class={isOnline ? "online" : "connecting"} role="status">
      {isOnline ? "在线" : board?.link === "connecting" ? "重新连接中" : "连接中"}
    </p>
  );
}

function Page({ board }: { board: Board }) {
  const { person } = board.session;
  const { entries } = board.outbox;
  const isWaiting = (card: Card) => entries.some(({ input }) => input.need === card.need.id);
  return (
    <>
      <section class="where">
        <Where board={board} />
      </section>
      <section class="mine">
        <Account board={board} person={person} entries={entries} />
        <Claims board={board} entries={entries} />
      </section>
      <section class="list" aria-label="需求列表">
        {board.cards.map((card) => (
          <NeedCard key={card.need.id} card={card}>
            {person && person.units.length > 0 && <ClaimForm board={board} card={card} person={person} isWaiting={isWaiting(card)} />}
          </NeedCard>
        ))}
        <Foot board={board} />
      </section>
      <section class="news">
        <News news={board.news} />
      </section>
      <Toast answer={board.outbox.answers[0]} />
    </>
  );
}

function Where({ board }: { board: Board }) {
  const [trouble, setTrouble] = useState("");
  const locate = () => {
    setTrouble("正在定位……");
    navigator.geolocation.getCurrentPosition(
      ({ coords }) => {
        setTrouble("");
        void board.open({ latitude: coords.latitude, longitude: coords.longitude });
      },
      () => setTrouble("未能取得位置，请从列表中选择"),
      { timeout: 10_000, maximumAge: 60_000 },
    );
  };
  const choose = (id: string) => {
    const place = board.places.find((place) => place.id === id);
    if (place) void board.open(place.point);
  };
  const chosen = board.places.find(
    ({ point }) => point.latitude === board.point?.latitude && point.longitude === board.point?.longitude,
  );
  return (
    <>
      <button type="button" id="locate" onClick={locate}>
        用我的位置
      </button>
      <select aria-label="选择附近的服务中心" value={chosen?.id ?? ""} onChange={(event) => choose(event.currentTarget.value)}>
        <option value="">或选择附近的服务中心</option>
        {board.places.map((place) => (
          <option key={place.id} value={place.id}>
            {place.name}
          </option>
        ))}
      </select>
      {trouble && <p class="note">{trouble}</p>}
    </>
  );
}

function NeedCard({ card: { need, metres }, children }: { card: Card; children: ComponentChildren }) {
  const urgency = words.urgency(need.urgency);
  return (
    <article data-need={need.id} data-unmatched={need.unmatched}>
      <h2>
        {urgency && <span class={`tag ${need.urgency.toLowerCase()}`}>{urgency}</span>}
        {need.title}
      </h2>
      <p class="place">
        {need.community.name} · {words.metres(metres)}
        {need.dueOn && <span> · {words.due(need.dueOn)}</span>}
      </p>
      {need.description && <p>{need.description}</p>}
      {need.place && <p class="place">地点：{need.place}</p>}
      <p class="quantity">
        尚需 <strong>{need.unmatched}</strong> {need.measure}
        {need.unmatched !== need.wanted && <span>（共需 {need.wanted}）</span>}
      </p>
      {children}
    </article>
  );
}

function ClaimForm({ board, card: { need }, person, isWaiting }: { board: Board; card: Card; person: Person; isWaiting: boolean }) {
  const [quantity, setQuantity] = useState("");
  const [unit, setUnit] = useState(person.units[0]?.id ?? "");
  const [trouble, setTrouble] = useState("");
  const submit = (event: Event) => {
    event.preventDefault();
    try {
      board.claim(need, unit, quantity || need.unmatched);
      setQuantity("");
      setTrouble("");
    } catch {
      setTrouble("浏览器不允许保存数据，未提交认领");
    }
  };
  return (
    <form class="claim" onSubmit={submit}>
      {person.units.length > 1 && (
        <select aria-label="认领单位" value={unit} onChange={(event) => setUnit(event.currentTarget.value)}>
          {person.units.map(({ id, name }) => (
            <option key={id} value={id}>
              {name}
            </option>
          ))}
        </select>
      )}
      <label>
        认领
        <input
          inputMode="decimal"
          pattern="[0-9]+(\.[0-9]{1,3})?"
          placeholder={need.unmatched}
          value={quantity}
          onInput={(event) => setQuantity(event.currentTarget.value)}
        />
        {need.measure}
      </label>
      <button type="submit" disabled={isWaiting}>
        {isWaiting ? "提交中" : "认领"}
      </button>
      {trouble && <p class="note bad">{trouble}</p>}
    </form>
  );
}

function Foot({ board }: { board: Board }) {
  if (!board.point) return <p class="note">请先选择位置，查看附近的需求。</p>;
  if (board.trouble) {
    return (
      <p class="note bad">
        {board.trouble}{" "}
        <button type="button" onClick={() => void board.more()}>
          重试
        </button>
      </p>
    );
  }
  if (board.isLoading) return <p class="note">正在查找……</p>;
  if (!board.hasMore) return <p class="note">{board.cards.length > 0 ? "已全部列出" : "目前没有公开的需求"}</p>;
  return (
    <button type="button" id="more" onClick={() => void board.more()}>
      查看更远的需求
    </button>
  );
}

function Account({ board, person, entries }: { board: Board; person: Person | null; entries: Entry[] }) {
  const [login, setLogin] = useState("");
  const [password, setPassword] = useState("");
  const [trouble, setTrouble] = useState("");
  const waiting = entries.some((entry) => entry.account !== person?.account);
  const submit = async (event: Event) => {
    event.preventDefault();
    setTrouble("正在登录……");
    const refusal = await board.session.signIn(login, password).catch((reason: Error) => reason.message);
    setTrouble(refusal ?? "");
    if (refusal === null) setPassword("");
  };
  if (person) {
    return (
      <p class="panel" id="person">
        {person.name}
        <button type="button" class="plain" onClick={() => void board.session.signOut()}>
          退出
        </button>
        {person.units.length === 0 && <span class="note">此账号不是成员单位联络员，不能认领。</span>}
      </p>
    );
  }
  return (
    <details class="panel" open={waiting}>
      <summary>成员单位登录</summary>
      <form id="sign-in" onSubmit={(event) => void submit(event)}>
        {waiting && <p class="note">有认领尚未送达，请用原账号登录后继续。</p>}
        <label>
          账号
          <input name="login" autocomplete="username" required value={login} onInput={(event) => setLogin(event.currentTarget.value)} />
        </label>
        <label>
          密码
          <input
            name="password"
            type="password"
            autocomplete="current-password"
            required
            value={password}
            onInput={(event) => setPassword(event.currentTarget.value)}
          />
        </label>
        <button type="submit">登录</button>
        {trouble && <p class="note bad">{trouble}</p>}
      </form>
    </details>
  );
}

function Claims({ board, entries }: { board: Board; entries: Entry[] }) {
  const { answers } = board.outbox;
  if (entries.length + answers.length === 0) return null;
  return (
    <div class="panel" id="claims">
      <h3>我的认领</h3>
      <ul>
        {entries.map((entry) => (
          <li key={entry.key} data-key={entry.key} class="waiting">
            {entry.title}
            {board.outbox.isTooOld(entry) ? (
              <span>
                超过 24 小时未能送达，不再自动提交。请先在对接记录中核对是否已认领，再决定是否重新认领。
                <button type="button" class="plain" onClick={() => board.outbox.drop(entry)}>
                  移除
                </button>
              </span>
            ) : (
              <span>已记下，正在提交；断网或关闭网页也不会丢失，不会重复认领</span>
            )}
          </li>
        ))}
        {answers.map(({ entry, isDone, text }) => (
          <li key={entry.key} data-key={entry.key} class={isDone ? "done" : "refused"}>
            {entry.title}
            <span>{text}</span>
          </li>
        ))}
      </ul>
    </div>
  );
}

/** Whoever has pressed a button far down the list sees what became of it. */
function Toast({ answer }: { answer: Answer | undefined }) {
  const [seen, setSeen] = useState("");
  const key = answer?.entry.key ?? "";
  useEffect(() => {
    // It stays readable among the claims at the top.
    const timer = setTimeout(() => setSeen(key), 10_000);
    return () => clearTimeout(timer);
  }, [key]);
  if (!answer || key === seen) return null;
  return (
    <div role="status" class={`toast ${answer.isDone ? "done" : "refused"}`}>
      {answer.entry.title}：{answer.text}
      <button type="button" class="plain" onClick={() => setSeen(key)}>
        知道了
      </button>
    </div>
  );
}

function News({ news }: { news: Change[] }) {
  return (
    <details class="panel" id="news" open={news.length > 0}>
      <summary>最近变动{news.length > 0 && `（${news.length}）`}</summary>
      <ul>
        {news.map((change) => (
          <li key={change.id} data-change={change.id}>
            <time>{words.time(change.at)}</time>
            <span>
              {words.kind(change.kind)}
              {change.node?.__typename === "CommunityNeed" && `：${change.node.title}`}
            </span>
          </li>
        ))}
      </ul>
    </details>
  );
}

render(<App />, document.body);
