// What makes the pages better where a browser has scripts: no second tap, drafts that survive a lost line, lists that follow what is typed,
// pages that follow what happens. Without it everything works.
(function () {
  "use strict";
  var all = function (selector, within) { return Array.prototype.slice.call((within || document).querySelectorAll(selector)); };
  var store = function () { try { return window.localStorage; } catch (_) { return null; } }();

  // One tap is one; going back brings the button back.
  document.addEventListener("submit", function (event) {
    var form = event.target;
    if (form.method !== "post" || event.defaultPrevented) return;
    if (form.dataset.sent) { event.preventDefault(); return; }
    form.dataset.sent = "yes";
  });
  window.addEventListener("pageshow", function () {
    all("form[data-sent]").forEach(function (form) { delete form.dataset.sent; });
  });

  var refused = document.getElementById("refused");
  if (refused) refused.focus();

  // At a computer that many use, the next one finds no drafts.
  if (store && document.querySelector(".bar .sign-in")) {
    Object.keys(store).forEach(function (name) { if (name.indexOf("alliance-draft-") === 0) store.removeItem(name); });
  }

  // What was done needs no draft any more.
  var done = document.body.dataset.done;
  if (store && done) {
    Object.keys(store).forEach(function (name) {
      if (name.indexOf("alliance-draft-") !== 0) return;
      try { if (JSON.parse(store.getItem(name))[" key"] === done) store.removeItem(name); } catch (_) { store.removeItem(name); }
    });
  }

  // A draft of a form is kept in the browser until the form was taken: with its key, so that going back and sending it once more, with no
  // answer seen in between, does nothing twice.
  all("form[data-draft]").forEach(function (form) {
    if (!store) return;
    var place = "alliance-draft-" + form.dataset.draft;
    var fields = all("input, select, textarea", form).filter(function (field) {
      return field.name && ["hidden", "password", "tel", "file"].indexOf(field.type) < 0;
    });
    var kept = null;
    try { kept = JSON.parse(store.getItem(place)); } catch (_) { /* what cannot be read is no draft */ }
    var hidden = function (name) { return form.querySelector("input[type=hidden][name=" + name + "]") || {}; };
    // What was refused is sent under the key of the page that says so.
    if (kept && refused) {
      kept[" key"] = hidden("key").value;
      try { store.setItem(place, JSON.stringify(kept)); } catch (_) { /* full: as it was */ }
    }
    if (kept && !refused) {
      // Whoever comes back much later means another one.
      if (kept[" key"] && Date.now() - kept[" at"] < 3600000) hidden("key").value = kept[" key"];
      fields.forEach(function (field) {
        if (!(field.name in kept)) return;
        if (field.type === "radio" || field.type === "checkbox") field.checked = kept[field.name].indexOf(field.value) >= 0;
        else if (field.options && !all("option", field).some(function (option) { return option.value === kept[field.name][0]; })) return;
        else if (kept[field.name][0]) field.value = kept[field.name][0];
      });
    }
    form.addEventListener("input", function () {
      var values = { " key": hidden("key").value, " at": Date.now() };
      fields.forEach(function (field) {
        if ((field.type === "radio" || field.type === "checkbox") && !field.checked) return;
        (values[field.name] = values[field.name] || []).push(field.value);
      });
      try { store.setItem(place, JSON.stringify(values)); } catch (_) { /* full: no draft */ }
    });
  });

  // What an address must not keep.
  if (document.querySelector("[data-forget]")) history.replaceState(null, "", location.pathname);

  // A day that is chosen is gone to.
  all("form[data-go]").forEach(function (form) { form.addEventListener("change", function () { form.submit(); }); });

  // Where the tabs are wider than the screen, the one that is open is in sight.
  all("nav.main [aria-current]").forEach(function (tab) { tab.parentNode.scrollLeft = tab.offsetLeft - tab.parentNode.clientWidth / 2 + tab.clientWidth / 2; });

  // What was refused is named after its field.
  all(".refused a").forEach(function (link) {
    var label = document.querySelector("label[for='" + link.hash.slice(1) + "']"), field = label || document.querySelector(link.hash);
    var legend = !label && field && field.closest("fieldset") && field.closest("fieldset").querySelector("legend");
    var name = (label || legend || {}).firstChild;
    if (name) link.textContent = name.textContent.trim() + (document.documentElement.lang === "en" ? ": " : "：") + link.textContent;
  });

  // Pictures are made smaller before they are sent: a phone's own are large, and lines are slow. The server makes them anew all the same.
  all("input[data-pictures]").forEach(function (field) {
    if (!window.createImageBitmap || !window.DataTransfer) return;
    var most = 1600;
    var smaller = function (file) {
      return createImageBitmap(file, { imageOrientation: "from-image" }).then(function (image) {
        var scale = Math.min(1, most / Math.max(image.width, image.height));
        if (scale === 1 && file.size < 500000) return file;
        var canvas = document.createElement("canvas");
        canvas.width = Math.round(image.width * scale);
        canvas.height = Math.round(image.height * scale);
        var context = canvas.getContext("2d");
        context.fillStyle = "#fff";
        context.fillRect(0, 0, canvas.width, canvas.height);
        context.drawImage(image, 0, 0, canvas.width, canvas.height);
        return new Promise(function (resolve) {
          canvas.toBlob(function (blob) { resolve(blob ? new File([blob], "picture.jpg", { type: "image/jpeg" }) : file); }, "image/jpeg", 0.85);
        });
      }).catch(function () { return file; });
    };
    field.addEventListener("change", function () {
      var chosen = Array.prototype.slice.call(field.files), button = field.form.querySelector("button.main");
      button.disabled = true;
      Promise.all(chosen.map(smaller)).then(function (files) {
        var made = new DataTransfer();
        files.forEach(function (file) { made.items.add(file); });
        field.files = made.files;
      }).catch(function () { /* sent as they are */ }).then(function () { button.disabled = false; });
    });
  });

  // Each form has a new key each time.
  var same = function (part) { return part.innerHTML.replace(/name="key" value="[^"]*"/g, ""); };

  // Puts the parts of another page, by their ids, in the places of the same of this one.
  var swap = function (address, ids, after) {
    return fetch(address, { credentials: "same-origin" }).then(function (answer) {
      if (!answer.ok || answer.redirected) return;
      return answer.text().then(function (text) {
        var other = new DOMParser().parseFromString(text, "text/html");
        ids.forEach(function (id) {
          var now = document.getElementById(id), next = other.getElementById(id);
          if (now && next && same(now) !== same(next)) now.innerHTML = next.innerHTML;
        });
        if (after) after();
      });
    }).catch(function () { /* the line is gone: the page stays as it is */ });
  };

  // A form that asks shows its answer while one types. `data-part` names what changes.
  all("form[data-part]").forEach(function (form) {
    var timer = 0, last = "", by = form.dataset.by ? form.dataset.by.split(" ") : null;
    var ask = function () {
      var query = all("input, select", form).filter(function (field) {
        var asks = form.method === "get" || (by && by.indexOf(field.name) >= 0);
        return asks && field.name && field.value && (["checkbox", "radio"].indexOf(field.type) < 0 || field.checked);
      }).map(function (field) { return encodeURIComponent(field.name) + "=" + encodeURIComponent(field.value); }).join("&");
      var address = (form.dataset.ask || form.getAttribute("action") || location.pathname) + "?" + query;
      if (address === last) return;
      last = address;
      swap(address, form.dataset.part.split(" "), function () {
        if (form.method === "get") history.replaceState(null, "", address);
      });
    };
    form.addEventListener("input", function (event) {
      if (by && by.indexOf(event.target.name) < 0) return;
      clearTimeout(timer);
      timer = setTimeout(ask, 250);
    });
  });

  // Follows what happens: the parts that `data-live` names are asked for again, but not under somebody's hands.
  var live = document.body.dataset.live;
  if (live && window.EventSource) {
    var due = 0;
    var refresh = function () {
      due = 0;
      var busy = document.activeElement && document.activeElement.closest && document.activeElement.closest("form");
      if (document.hidden || busy || document.querySelector("details.act[open]")) { due = setTimeout(refresh, 3000); return; }
      swap(location.href, live.split(" "));
    };
    var source = null;
    // A browser has few connections to one host: a page that nobody looks at gives its own back.
    var follow = function () {
      if (source && (document.hidden || source.readyState === 2)) { source.close(); source = null; }
      if (source || document.hidden) return;
      source = new EventSource("/live");
      source.addEventListener("change", function () { if (!due) due = setTimeout(refresh, 400); });
    };
    follow();
    document.addEventListener("visibilitychange", function () { follow(); if (!document.hidden) refresh(); });
    window.addEventListener("pagehide", function () { if (source) { source.close(); source = null; } });
    window.addEventListener("pageshow", follow);
  }

  all("[data-print]").forEach(function (button) {
    button.hidden = false;
    button.addEventListener("click", function () { window.print(); });
  });
})();
